import assert from "node:assert/strict";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { runNode } from "../tests/support/node_harness.ts";
import { delay } from "./delay.ts";

nodeContract({
  definition: delay,
  quick: { config: { delay_ms: 1 }, inputs: { a: 1 } },
  slow: { config: { delay_ms: 86_400_000 } },
  refused: [{ delay_ms: "10" }, { delay_ms: -1 }, { delay_ms: 1.5 }, { delay_ms: 86_400_001 }, { delay_ms: null }],
});

Deno.test("delay passes all its inputs on", async () => {
  const inputs = { text: "a", bytes: new Uint8Array([1]), list: [null, { deep: true }] };
  const { outputs } = await runNode(delay, { config: { delay_ms: 0 }, inputs });
  assert.deepEqual(outputs, inputs);
});

Deno.test("delay waits one second if the config does not say how long", () => {
  assert.deepEqual(delay.config.parse({}), { delay_ms: 1000 });
});
