import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TerminalScreen } from "./terminal_screen.ts";
import { drawTerminal, type Frame } from "./terminal_picture.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = join(ROOT, "docs", "assets");
const LIMIT_MS = 120_000;
/** Pictures that follow each other faster are one. */
const SMALLEST_STEP_MS = 100;

/** What is recorded: the real program in a real terminal. */
export interface Recording {
  /** Its file, without `.svg`. */
  readonly name: string;
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** Commands as they are typed; all but the lines that begin with a space, which are not shown. */
  readonly commands: readonly string[];
  /** Only the last picture, standing still. */
  readonly isStill?: boolean;
}

/** All pictures of README and docs. */
export const recordings: readonly Recording[] = [
  {
    name: "run",
    title: "flow run examples/shell_pipeline.json: a live tree of six nodes, three of them at the same time",
    rows: 30,
    columns: 78,
    commands: ["flow run examples/shell_pipeline.json"],
  },
  {
    name: "resume",
    title: "flow run is killed with kill -9; flow executions shows it as interrupted, and flow resume goes on",
    rows: 32,
    columns: 96,
    commands: [
      // The shell's own word about a killed job is not what is to be seen.
      "flow run examples/shell_pipeline.json & sleep 1.6; kill -9 $!",
      " wait 2>/dev/null; printf '\\033[?25h\\n'",
      "flow executions",
      "flow resume last --quiet",
    ],
  },
  {
    name: "validate",
    title: "flow validate lists every problem of a document with line, column and suggestion",
    rows: 15,
    columns: 96,
    commands: ["cat mistakes.yaml", "flow validate mistakes.yaml"],
    isStill: true,
  },
  {
    name: "graph",
    title: "flow graph examples/shell_pipeline.json draws a workflow of six nodes",
    rows: 24,
    columns: 96,
    commands: ["flow graph examples/shell_pipeline.json"],
    isStill: true,
  },
];

const MISTAKES = `nodes:
  - { id: fetch, node_type: http.reqest }
  - { id: log, node_type: debug.log, config: { level: loud } }
connections:
  - { from_node: fetch, from_port: body, to_node: lag, to_port: message }
`;

/** Runs the commands of a recording in a terminal and draws what it showed. Needs `script` of util-linux, and bash. */
export async function record(recording: Recording): Promise<string> {
  const { rows, columns, title, isStill = false } = recording;
  const folder = await mkdtemp(join(tmpdir(), "flow-recording-"));
  try {
    const frames = await readFrames(recording, await runInTerminal(recording, folder));
    const shown = isStill ? frames.slice(-1).map((frame) => ({ ...frame, atMs: 0 })) : frames;
    const used = Math.max(...frames.map(({ lines }) => lines.length));
    return drawTerminal(shown, { rows: Math.min(used, rows), columns, title });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Typescript {
  readonly output: Uint8Array;
  /** Lines of "seconds since the one before, bytes". */
  readonly timing: string;
}

async function runInTerminal({ rows, columns, commands }: Recording, folder: string): Promise<Typescript> {
  await writeFile(join(folder, "mistakes.yaml"), MISTAKES);
  const flow = `#!/bin/sh\nexec "${Deno.execPath()}" run --quiet -A "${join(ROOT, "cli/main.ts")}" "$@"\n`;
  await writeFile(join(folder, "flow"), flow, { mode: 0o755 });
  await Deno.symlink(join(ROOT, "examples"), join(folder, "examples"));
  const lines = commands.map((command) =>
    command.startsWith(" ") ? command : `printf '\\033[32m$\\033[39m %s\\n' ${quote(command)}; sleep 0.6; ${command}`
  );
  await writeFile(join(folder, "session.sh"), [`stty rows ${rows} cols ${columns}`, ...lines, ""].join("\n"));
  const [output, timing] = [join(folder, "output"), join(folder, "timing")];
  const { success, stderr } = await new Deno.Command("script", {
    args: ["--quiet", "--log-out", output, "--log-timing", timing, "--command", "bash session.sh"],
    cwd: folder,
    env: {
      TERM: "xterm-256color",
      NO_COLOR: "",
      XDG_STATE_HOME: join(folder, "state"),
      PATH: `${folder}:${Deno.env.get("PATH") ?? ""}`,
    },
    stdin: "null",
    stdout: "null",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  if (!success && stderr.length > 0) throw new Error(new TextDecoder().decode(stderr));
  return { output: await readFile(output), timing: await readFile(timing, "utf8") };
}

function readFrames({ rows, columns }: Recording, { output, timing }: Typescript): Frame[] {
  const cells = new TerminalScreen(rows, columns);
  const decoder = new TextDecoder();
  const frames: Frame[] = [];
  // The first line of the file is a header of `script` itself.
  let offset = output.indexOf(0x0a) + 1;
  let now = 0;
  for (const [, pause = "0", bytes = "0"] of timing.matchAll(/^(?:O )?([\d.]+) (\d+)$/gm)) {
    now += Number(pause) * 1000;
    const text = decoder.decode(output.subarray(offset, offset + Number(bytes)), { stream: true });
    offset += Number(bytes);
    cells.write(withoutChance(text));
    const frame = { atMs: Math.round(now), lines: cells.picture() };
    const last = frames.at(-1);
    if (last !== undefined && now - last.atMs < SMALLEST_STEP_MS) {
      frames[frames.length - 1] = { ...frame, atMs: last.atMs };
    } else frames.push(frame);
  }
  return frames;
}

/** Ids differ each time, and say nothing. */
function withoutChance(text: string): string {
  return text.replaceAll(
    /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
    "01a20533-a520-7b4b-b506-341032936011",
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

if (import.meta.main) {
  await mkdir(FOLDER, { recursive: true });
  for (const recording of recordings) {
    const picture = await record(recording);
    await writeFile(join(FOLDER, `${recording.name}.svg`), picture);
    console.error(`docs/assets/${recording.name}.svg: ${Math.ceil(picture.length / 1024)} KiB`);
  }
}
