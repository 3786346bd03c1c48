import assert from "node:assert/strict";
import type { Host } from "./host.ts";
import { ProcTree } from "./proc_tree.ts";
import { endTree } from "./process_tree.ts";

/** A machine with one process, whose environment is what `readEnviron` says at each look. */
function machineWith(readEnviron: (look: number) => string): Host & { readonly killed: string[] } {
  const killed: string[] = [];
  let looks = 0;
  const stat = `7 (sh) S 1 7 7 0 ${"0 ".repeat(14)}100 4096 0`;
  const files = new Map([["/proc/7/stat", stat], ["/proc/sys/kernel/random/boot_id", "boot"]]);
  return {
    os: "linux",
    pid: 1,
    killed,
    cwd: () => "/",
    fileKind: () => "missing",
    readText(path) {
      if (path === "/proc/7/environ") return killed.includes("SIGKILL") ? undefined : readEnviron(++looks);
      return path === "/proc/7/stat" && killed.includes("SIGKILL") ? undefined : files.get(path);
    },
    listFolder: () => ["7", "self"],
    kill(_pid, signal) {
      killed.push(String(signal));
      return true;
    },
    run: () => "",
  };
}

Deno.test("endTree() waits for a process that becomes another program, and ends it if it is one of ours", async () => {
  const host = machineWith((look) => look < 3 ? "" : "A=1\0FLOW_ATTEMPT_ID=m\0");
  assert.equal(await endTree(new ProcTree(host, { mark: "m" }), 20), 1);
  assert.ok(host.killed.includes("SIGKILL"));
});

Deno.test("endTree() ends nothing that has no environment for good, and does not wait for it for long", async () => {
  const host = machineWith(() => "");
  assert.equal(await endTree(new ProcTree(host, { mark: "m" }), 60_000), 0);
  assert.deepEqual(host.killed, []);
});
