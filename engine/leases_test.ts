import assert from "node:assert/strict";
import { type Clock, systemClock } from "./clock.ts";
import { createEngine } from "./engine.ts";
import { defineNode } from "./node.ts";
import { parseWorkflow } from "./parse.ts";

/** Runs one node, and answers the timers that were set meanwhile. */
async function timersOf(run: () => Promise<void> | void): Promise<number[]> {
  const timers: number[] = [];
  const clock: Clock = {
    ...systemClock,
    setTimer(ms, callback) {
      timers.push(ms);
      return systemClock.setTimer(ms, callback);
    },
  };
  const node = defineNode({
    type: "test.node",
    version: 1,
    summary: "Test",
    category: "test",
    config: {},
    inputs: {},
    outputs: {},
    run: async () => {
      await run();
      return {};
    },
  });
  const engine = createEngine({ nodes: [node], clock });
  const workflow = await parseWorkflow({ nodes: [{ id: "a", node_type: "test.node" }] });
  const { result } = await engine.start(workflow);
  assert.equal((await result).status, "succeeded");
  return timers;
}

Deno.test("an execution that only computes sets no timer", async () => {
  assert.deepEqual(await timersOf(() => {}), []);
});

Deno.test("an execution that waits for something is looked after while it waits", async () => {
  assert.deepEqual(await timersOf(() => systemClock.yield()), [500]);
});
