import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionEvent } from "../../mod.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a finished `flow` process left behind. */
export interface FlowRun {
  code: number;
  stdout: string;
  stderr: string;
  /** The lines of stdout as events, where they are (`--json`). */
  events: ExecutionEvent[];
}

/** Runs the real `flow` in the project's folder, with a home of its own, and waits for its end. */
export async function runFlow(args: readonly string[], env: Record<string, string> = {}): Promise<FlowRun> {
  const home = await mkdtemp(join(tmpdir(), "flow-home-"));
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "cli/main.ts", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", XDG_STATE_HOME: home, ...env },
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    const events = args.includes("--json") ? parseEvents(text) : [];
    return { code, stdout: text, stderr: new TextDecoder().decode(stderr), events };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function parseEvents(text: string): ExecutionEvent[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as ExecutionEvent);
}
