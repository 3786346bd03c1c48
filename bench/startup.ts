import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, Figure } from "./figure.ts";
import { interleave, withFolder } from "./rounds.ts";

const MAIN = new URL("../cli/main.ts", import.meta.url).pathname;
const WORKFLOW = {
  id: "startup",
  name: "Start-up",
  nodes: [{ id: "only", node_type: "time.delay", config: { delay_ms: 0 } }],
  connections: [],
};
const NOTE = "start-up: user + system CPU of a process, the mean of many runs in one shell, by the shell's `times`";

/** The CPU that `flow` burns before and after the work itself, against a script that only says hello. */
export const startup: Bench = {
  name: "startup",
  summary: "CPU of `flow --version` and of `flow run` with one no-op node, against a bare `deno run hello.ts`",
  run: ({ smoke }) => withFolder((folder) => measure(folder, smoke ? 1 : 5, smoke ? 2 : 20)),
};

async function measure(folder: string, rounds: number, runs: number): Promise<Figure[]> {
  const hello = join(folder, "hello.ts");
  const workflow = join(folder, "startup.json");
  await writeFile(hello, 'console.log("hello");\n');
  await writeFile(workflow, JSON.stringify(WORKFLOW));
  const commands = [
    ["run", "-A", hello],
    ["run", "-A", MAIN, "--version"],
    ["run", "-A", MAIN, "run", workflow],
  ];
  // Once without counting: Deno checks types and fills its code cache at the first run.
  for (const args of commands) await cpuMs(args, 1, folder);
  const measures = commands.map((args) => () => cpuMs(args, runs, folder));
  const [bare = [], version = [], run = []] = await interleave(rounds, measures);
  const floor = { name: "deno run hello.ts", rounds: bare };
  const shared = { unit: "ms of CPU", better: "lower", floor, note: NOTE } as const;
  return [
    { ...shared, name: "flow --version", rounds: version, budget: { of: "difference", limit: 15 } },
    { ...shared, name: "flow run, one no-op node", rounds: run, budget: { of: "difference", limit: 45 } },
  ];
}

/**
 * Mean CPU of `deno ARGS` over `runs` runs. Deno tells nothing about the CPU of its children, but a POSIX shell does: the
 * second line of `times` is the user and system time of all that it has waited for. Its ticks of 10 ms become 10 ms / runs.
 */
async function cpuMs(args: string[], runs: number, home: string): Promise<number> {
  const loop = 'n=$1; shift; while [ "$n" -gt 0 ]; do "$@" >/dev/null || exit 1; n=$((n - 1)); done; times';
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", loop, "sh", String(runs), Deno.execPath(), ...args],
    // Executions that are kept go where they can be thrown away.
    env: { XDG_STATE_HOME: home },
  }).output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  return parseTimes(new TextDecoder().decode(stdout)) / runs;
}

/** Milliseconds in the second line of `times`: `0m1.230s 0m0.120s`. */
export function parseTimes(output: string): number {
  const children = output.trim().split("\n").at(-1) ?? "";
  let ms = 0;
  for (const [, minutes, seconds] of children.matchAll(/(\d+)m([\d.]+)s/g)) {
    ms += Number(minutes) * 60_000 + Number(seconds) * 1000;
  }
  return ms;
}
