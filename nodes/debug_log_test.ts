import assert from "node:assert/strict";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { messagesOf, runNode } from "../tests/support/node_harness.ts";
import { debugLog } from "./debug_log.ts";

nodeContract({
  definition: debugLog,
  quick: { inputs: { message: { a: 1 }, other: "x" } },
  refused: [{ level: "loud" }, { level: 3 }],
});

Deno.test("debugLog logs the message and every other port, and passes the message on", async () => {
  const inputs = { message: "done", count: 3, raw: new Uint8Array(123), list: [1, "two"] };
  const { outputs, events } = await runNode(debugLog, { inputs });
  assert.deepEqual(messagesOf(events, "Info"), ["done", "count: 3", "raw: <123 bytes>", 'list: [1,"two"]']);
  assert.deepEqual(outputs, { message: "done" });
});

Deno.test("debugLog makes warnings of warning and error", async () => {
  for (const level of ["warn", "warning", "error"]) {
    const { events } = await runNode(debugLog, { config: { level }, inputs: { message: level } });
    assert.deepEqual(events, [{ event_type: "Warning", message: level }]);
  }
});

Deno.test("debugLog shortens long values, but passes them on whole", async () => {
  const message = "x".repeat(2005);
  const { outputs, events } = await runNode(debugLog, { inputs: { message } });
  assert.deepEqual(messagesOf(events, "Info"), [`${"x".repeat(2000)}… [5 more characters]`]);
  assert.equal(outputs["message"], message);
});

Deno.test("debugLog has no output without a message", async () => {
  const { outputs, events } = await runNode(debugLog, { inputs: { other: null } });
  assert.deepEqual(outputs, {});
  assert.deepEqual(messagesOf(events, "Info"), ["other: null"]);
});
