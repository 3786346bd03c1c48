import { runNode } from "./node_harness.ts";
import { createSandboxExec } from "../../nodes/sandbox_exec.ts";
import { getPlatform } from "../../platform/mod.ts";

/** Why this machine cannot open sandboxes; undefined if it can. */
export const sandboxObstacle: string | undefined = await runNode(createSandboxExec(getPlatform()), {
  config: { command: "true" },
}).then(() => undefined, (error: Error) => error.message);

if (sandboxObstacle !== undefined) console.log(`Tests with sandboxes are skipped: ${sandboxObstacle}`);

/** A test that needs bubblewrap. */
export function sandboxTest(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore: sandboxObstacle !== undefined, fn });
}

/** The mounts of this machine, as they are now: a sandbox must leave none. */
export function listMounts(): string[] {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n").map((line) => line.split(" ").slice(3, 5).join(" "));
}
