import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { flowCommand } from "./flow_command.ts";
import { TerminalScreen } from "../../release/terminal_screen.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TERMINAL_SCRIPT = join(ROOT, "tests", "support", "run_in_terminal.py");

/** How a program ended, and what it wrote. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run the program. */
export interface CliOptions {
  stdin?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** Called with all of stderr so far whenever more has come. */
  onStderr?: (text: string, process: Deno.ChildProcess) => void;
  /** Called with all of stdout so far whenever more has come. */
  onStdout?: (text: string) => void;
}

/** Runs `flow` as its users do: a process of its own, in a home of its own. */
export async function runFlow(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return await withHome(async (home) => {
    const process = startFlow(args, { ...options, env: { ...home, ...options.env } });
    const [stdout, stderr, { code }] = await Promise.all([
      readText(process.stdout, options.onStdout),
      readText(process.stderr, (text) => options.onStderr?.(text, process)),
      process.status,
      feed(process, options.stdin),
    ]);
    return { code, stdout, stderr };
  });
}

async function withHome<T>(work: (env: Record<string, string>) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "flow-home-"));
  try {
    return await work({ XDG_STATE_HOME: home });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Starts `flow` with all streams piped; the caller has to read and close them. */
export function startFlow(args: readonly string[], options: CliOptions = {}): Deno.ChildProcess {
  const [program, ...rest] = flowCommand(args);
  return new Deno.Command(program, {
    args: rest,
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", ...options.env },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function feed(process: Deno.ChildProcess, stdin: string | undefined): Promise<void> {
  if (stdin === undefined) return;
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  onText: (text: string) => void = () => {},
): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    onText(text);
  }
  return text;
}

/** Why there can be no pseudo-terminal here; undefined if there can. */
export function whyNoTerminal(): string | undefined {
  if (Deno.build.os === "windows") return "Windows has no pseudo-terminals of this kind";
  try {
    const { success } = new Deno.Command("python3", { args: ["-c", "import pty"], stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : "python3 has no module pty";
  } catch {
    return "python3 is not installed";
  }
}

/** What to do when a text has been seen in the terminal: `send:text`, `signal:TERM`, `resize:ROWSxCOLUMNS`. */
export type TerminalStep = readonly [seen: string, action: string];

/** What a terminal showed. */
export interface TerminalResult {
  code: number;
  raw: string;
  screen: TerminalScreen;
}

/** Runs `flow` in a pseudo-terminal. */
export async function runFlowInTerminal(
  args: readonly string[],
  options: { rows?: number; columns?: number; steps?: readonly TerminalStep[]; env?: Record<string, string> } = {},
): Promise<TerminalResult> {
  const { rows = 24, columns = 80, steps = [], env = {} } = options;
  const script = steps.map(([seen, action]) => `${seen}=>${action}`).join(";");
  const command = flowCommand(args);
  const { code, stdout, stderr } = await withHome((home) =>
    new Deno.Command("python3", {
      args: [TERMINAL_SCRIPT, String(rows), String(columns), script, ...command],
      cwd: ROOT,
      env: { TERM: "xterm-256color", NO_COLOR: "", FORCE_COLOR: "", ...home, ...env },
    }).output()
  );
  const raw = new TextDecoder().decode(stdout);
  if (stderr.length > 0) throw new Error(new TextDecoder().decode(stderr));
  const screen = new TerminalScreen(rows, columns);
  screen.write(raw);
  return { code, raw, screen };
}

/** Calls `test` with a temporary folder that holds `files`: text as it is, data as JSON. */
export async function withFiles(
  files: Readonly<Record<string, unknown>>,
  test: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "flow-cli-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    await test((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A workflow of shell commands; each node is started after those named in front of it: `"a > b"`. */
export function shellWorkflow(commands: Readonly<Record<string, string>>, order: readonly string[] = []) {
  return {
    id: "test",
    name: "Test workflow",
    nodes: Object.entries(commands).map(([id, command]) => ({
      id,
      node_type: "shell.exec",
      config: { command, shell: true, stream_output: true },
    })),
    connections: order.map((pair) => {
      const [from_node, to_node] = pair.split(" > ");
      return { from_node, from_port: "output", to_node, to_port: "stdin" };
    }),
  };
}
