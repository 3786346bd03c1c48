import { whyNoBubblewrap } from "./zypi_vm.ts";

/** Why this machine cannot open sandboxes; undefined if it can. */
export const sandboxObstacle: string | undefined = whyNoBubblewrap();

if (sandboxObstacle !== undefined) console.log(`Tests with sandboxes are skipped: ${sandboxObstacle}`);

/** A test that needs bubblewrap. */
export function sandboxTest(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore: sandboxObstacle !== undefined, fn });
}

/** The mounts of this machine, as they are now: a sandbox must leave none. Those of Docker engines come and go. */
export function listMounts(): string[] {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .map((line) => line.split(" ").slice(3, 5).join(" "))
    .filter((mount) => !/docker|netns/.test(mount));
}
