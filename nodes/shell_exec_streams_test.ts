import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { getPlatform } from "../platform/mod.ts";
import { linesOf, messagesOf, runNode } from "../tests/support/node_harness.ts";
import { createShellExec } from "./shell_exec.ts";

const shellExec = createShellExec(getPlatform(), { graceMs: 200 });
const MIB = 1024 * 1024;

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("shellExec answers bytes as output when stdout is no text, and text that only looks odd as text", async () => {
  const run = async (bytes: Uint8Array) => {
    return (await runNode(shellExec, { config: { command: "cat" }, inputs: { stdin: bytes } })).outputs;
  };
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assert.deepEqual((await run(bytes))["output"], bytes);
  const odd = "a \ufffd b";
  assert.equal((await run(new TextEncoder().encode(odd)))["output"], odd);
});

Deno.test("shellExec takes stdin from the input or the config: text and bytes as they are, other values as JSON", async () => {
  const cat = async (options: { stdin?: unknown; input?: string | Uint8Array | { a: number } | null }) => {
    const config = { command: "cat", ...("stdin" in options ? { stdin: options.stdin } : {}) };
    const inputs = options.input === undefined ? {} : { stdin: options.input };
    return (await runNode(shellExec, { config, inputs })).outputs["stdout"];
  };
  assert.equal(await cat({ stdin: "from config" }), "from config");
  assert.equal(await cat({ stdin: "from config", input: "from input" }), "from input");
  assert.equal(await cat({ stdin: [1, "two"] }), '[1,"two"]');
  assert.equal(await cat({ input: { a: 1 } }), '{"a":1}');
  assert.equal(await cat({ input: null }), "null");
  assert.equal(await cat({ input: new Uint8Array([0x68, 0x69]) }), "hi");
  assert.equal(await cat({ input: "" }), "");
  assert.equal(await cat({}), "");
});

Deno.test("shellExec sends 64 MiB of stdin byte by byte while it reads as much", async () => {
  const stdin = new Uint8Array(64 * MIB);
  for (let at = 0; at < stdin.length; at += 65_536) crypto.getRandomValues(stdin.subarray(at, at + 65_536));
  const config = { command: "tee /dev/stderr | sha256sum", shell: true, capture_stderr: true };
  const { outputs } = await runNode(shellExec, { config, inputs: { stdin } });
  assert.equal(outputs["stdout"], `${await digest(stdin)}  -`);
});

Deno.test("shellExec does not mind a command that reads nothing or stops reading", async () => {
  const stdin = "x".repeat(4 * MIB);
  for (const command of ["true", "head -c 1 >/dev/null", "exec <&-; sleep 0.05"]) {
    const { outputs, events } = await runNode(shellExec, { config: { command, shell: true }, inputs: { stdin } });
    assert.equal(outputs["success"], true);
    assert.deepEqual(events, []);
  }
});

Deno.test("shellExec does not hang on stdin that only a background process could read", async () => {
  const command = "exec 3<&0; sleep 3600 <&3 >/dev/null 2>&1 & exit 0";
  const config = { command, shell: true };
  const { outputs, events } = await runNode(shellExec, { config, inputs: { stdin: "x".repeat(4 * MIB) } });
  assert.equal(outputs["success"], true);
  assert.equal(messagesOf(events, "Warning").length, 1);
});

Deno.test("shellExec decodes bytes that are not UTF-8, and characters that come in two pieces", async () => {
  const command = `printf 'a\\377\\n\\342\\202'; sleep 0.05; printf '\\254\\n'`;
  const { outputs, events } = await runNode(shellExec, { config: { command, shell: true, stream_output: true } });
  assert.deepEqual(linesOf(events, "StdoutLine"), ["a\ufffd", "€"]);
  assert.equal(outputs["stdout"], "a\ufffd\n€");
});

Deno.test("shellExec keeps the beginning and the end of 200 MiB in flat memory, and says what is missing", async () => {
  // In a process of its own: here other tests use memory at the same time.
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("../tests/support/shell_flood.ts", import.meta.url).pathname],
    stderr: "inherit",
  }).output();
  assert.equal(code, 0);
  const flood = JSON.parse(new TextDecoder().decode(stdout));
  const total = 200 * MIB + "first\n\nlast\n".length;
  assert.equal(flood.kept, `first\ny ... y\nlast`);
  assert.equal(flood.mark, `[... ${total - MIB} bytes truncated ...]`);
  assert.deepEqual(flood.warnings, [`stdout had ${total} bytes in all, of which ${MIB} are kept`]);
  assert.ok(flood.grown_mib < 100, `memory grew by ${flood.grown_mib} MiB`);
});

Deno.test("shellExec stops emitting lines at the limit, with one warning, and reads on to the end", async () => {
  const config = { command: "seq 1 100000; echo end", shell: true, stream_output: true, max_output_bytes: 1026 };
  const { outputs, events } = await runNode(shellExec, { config });
  const lines = linesOf(events, "StdoutLine");
  assert.equal(lines.at(-1), "283", "the line that is cut is not emitted");
  assert.equal(lines[0], "1");
  assert.match(String(outputs["stdout"]), /\n100000\nend$/);
  assert.deepEqual(messagesOf(events, "Warning"), [
    "stdout has more than 1026 bytes: further lines are not shown",
    "stdout had 588899 bytes in all, of which 1026 are kept",
  ]);
});

Deno.test("shellExec can be cancelled in the middle of a flood", async () => {
  const reason = new FlowError("cancelled", "Cancelled by a test");
  for (const stream_output of [false, true]) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(reason), 100);
    const config = { command: "yes", stream_output };
    await assert.rejects(runNode(shellExec, { config, signal: controller.signal }), reason);
    clearTimeout(timer);
  }
});
