import { readFile } from "node:fs/promises";
import type { ExecutionSummary } from "../../mod.ts";
import { type CliOptions, type CliResult, runFlow, startFlow, withFiles } from "./cli.ts";

/** A folder with files and a history of its own. */
export interface History {
  path(name: string): string;
  /** Runs `flow` with this history. */
  flow(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** Starts `flow` with this history; nothing it prints is kept. */
  start(args: readonly string[]): Running;
  list(...args: string[]): Promise<ExecutionSummary[]>;
  /** The lines of a file; none if it is not there. */
  lines(name: string): Promise<string[]>;
}

/** A `flow` that runs beside the test. */
export interface Running {
  kill(signal: Deno.Signal): void;
  /** Its exit code. */
  ended: Promise<number>;
}

/** Calls `test` with a new {@link History}, which is gone afterwards. */
export async function withHistory(
  files: Readonly<Record<string, unknown>>,
  test: (history: History) => Promise<void>,
): Promise<void> {
  await withFiles(files, async (path) => {
    const env = { XDG_STATE_HOME: path("state") };
    const flow: History["flow"] = (args, options) =>
      runFlow(args, { cwd: path(""), ...options, env: { ...env, ...options?.env } });
    await test({
      path,
      flow,
      start: (args) => startRunning(args, path(""), env),
      list: async (...args) => JSON.parse((await flow(["executions", "list", "--json", ...args])).stdout),
      lines: (name) => readLines(path(name)),
    });
  });
}

function startRunning(args: readonly string[], cwd: string, env: Record<string, string>): Running {
  const process = startFlow(args, { cwd, env });
  const drained = Promise.all([process.stdout.text(), process.stderr.text()]);
  return {
    kill: (signal) => process.kill(signal),
    ended: Promise.all([process.status, drained]).then(([{ code }]) => code),
  };
}

async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}
