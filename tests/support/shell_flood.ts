import { createShellExec } from "../../nodes/shell_exec.ts";
import { getPlatform } from "../../platform/mod.ts";
import { messagesOf, runNode } from "./node_harness.ts";

// Runs a command that floods its stdout, and prints what was kept of it and how much the memory grew.
const MIB = 1024 * 1024;
const command = "echo first; head -c 200M /dev/zero | tr '\\0' 'y'; echo; echo last";
const before = Deno.memoryUsage().rss;
const { outputs, events } = await runNode(createShellExec(getPlatform()), {
  config: { command, shell: true, max_output_bytes: MIB },
});
const stdout = String(outputs["stdout"]);
console.log(JSON.stringify({
  kept: `${stdout.slice(0, 7)} ... ${stdout.slice(-6)}`,
  mark: /\[\.\.\. .*\]/.exec(stdout)?.[0],
  warnings: messagesOf(events, "Warning"),
  grown_mib: (Deno.memoryUsage().rss - before) / MIB,
}));
