import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { Lab, sleeps, wrapStore } from "../tests/support/lab.ts";
import type { NodeSpec } from "./workflow.ts";

const once = (id: string): NodeSpec => ({ id, node_type: "test.node", config: {}, on_interrupt: "fail" });

Deno.test("a node that was about to start when the engine was closed is not taken for interrupted", async () => {
  const lab = new Lab({ a: sleeps(100), b: sleeps(120) });
  const slow = wrapStore(lab.store, {
    async append(id, after, events) {
      await new Promise<void>((resolve) => lab.clock.setTimer(50, resolve));
      await lab.store.append(id, after, events);
    },
  });
  const engine = lab.openEngine({ store: slow });
  const handle = await engine.start(createWorkflow([once("a"), once("b"), once("c")], ["b > c"]), {
    execution_id: "e",
  });
  await lab.clock.advance(180);
  await lab.clock.run(engine.close());
  assert.equal((await lab.failure(handle)).code, "interrupted");
  const resumed = await lab.openEngine().resume("e");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
  assert.deepEqual(lab.begun, ["a 1", "b 1", "c 1"]);
});
