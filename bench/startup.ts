import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, Figure } from "./figure.ts";
import { bundleProgram } from "../release/bundle.ts";
import { interleave, withFolder } from "./rounds.ts";

const MAIN = new URL("../cli/main.ts", import.meta.url).pathname;
const WORKFLOW = {
  id: "startup",
  name: "Start-up",
  nodes: [{ id: "only", node_type: "time.delay", config: { delay_ms: 0 } }],
  connections: [],
};
const NOTE = "start-up: user + system CPU of a process, the mean of many runs in one shell, by the shell's `times`";

/** What the program adds to a bare script, by what it is started from. */
const BUDGETS = [{ args: ["--version"], name: "flow --version", limit: 15 }, {
  args: ["run", "startup.json"],
  name: "flow run, one no-op node",
  limit: 45,
}];

/** The CPU that `flow` burns before and after the work itself, against a script that only says hello. */
export const startup: Bench = {
  name: "startup",
  summary: "CPU of `flow --version` and of `flow run` with one no-op node, against a bare `deno run hello.ts`",
  run: ({ smoke }) => measureStartup(smoke ? { rounds: 1, runs: 2 } : { rounds: 5, runs: 20 }),
};

/** Measures the program from source and from its bundle; `runs` processes make a round. */
export function measureStartup({ rounds, runs }: { rounds: number; runs: number }): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const hello = join(folder, "hello.ts");
    await writeFile(hello, 'console.log("hello");\n');
    await writeFile(join(folder, "startup.json"), JSON.stringify(WORKFLOW));
    await bundleProgram({ outputFolder: join(folder, "program") });
    const programs = [{ name: "from source", main: MAIN }, {
      name: "bundled",
      main: join(folder, "program", "main.js"),
    }];
    const cases = programs.flatMap((program) => BUDGETS.map((budget) => ({ ...budget, program })));
    const commands = [[hello], ...cases.map(({ program, args }) => [program.main, ...args])];
    // Twice without counting: Deno checks types and fills its code cache at first.
    for (const args of commands) await cpuMs(args, 2, folder);
    const [bare = [], ...measured] = await interleave(rounds, commands.map((args) => () => cpuMs(args, runs, folder)));
    return cases.map(({ name, program, limit }, index): Figure => ({
      name: `${name}, ${program.name}`,
      unit: "ms of CPU",
      better: "lower",
      rounds: measured[index] ?? [],
      floor: { name: "deno run hello.ts", rounds: bare },
      budget: { of: "difference", limit },
      note: NOTE,
    }));
  });
}

/**
 * Mean CPU of `deno run -A ARGS` over `runs` runs. Deno tells nothing about the CPU of its children, but a shell does: the
 * second line of `times` is the user and system time of all that it has waited for. Bash counts it in milliseconds.
 */
async function cpuMs(args: string[], runs: number, home: string): Promise<number> {
  const loop = 'n=$1; shift; while [ "$n" -gt 0 ]; do "$@" >/dev/null || exit 1; n=$((n - 1)); done; times';
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", loop, "bash", String(runs), Deno.execPath(), "run", "-A", ...args],
    cwd: home,
    // Executions that are kept go where they can be thrown away.
    env: { XDG_STATE_HOME: home },
  }).output();
  if (!success) throw new Error(`deno run ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
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
