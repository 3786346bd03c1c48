import assert from "node:assert/strict";
import { createEngine } from "../../engine/engine.ts";
import { attemptId } from "../../engine/id.ts";
import { MemoryStore } from "../../engine/memory_store.ts";
import { anyPorts, defineNode } from "../../engine/node.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { FakeClock } from "../support/fake_clock.ts";

const NODE_IDS = ["a", "b", "c"];

const workflow: Workflow = {
  id: "leftovers",
  name: "leftovers",
  nodes: NODE_IDS.map((id) => ({ id, node_type: "test.sleep", config: {} })),
  connections: [],
  triggers: [],
  settings: { max_parallel_nodes: 10, on_error: "StopWorkflow", max_execution_time_ms: null },
};

Deno.test("resume() ends what all interrupted attempts have left, at the same time, before any node starts", async () => {
  const clock = new FakeClock();
  const happened: string[] = [];
  const sleeper = defineNode({
    type: "test.sleep",
    version: 1,
    summary: "Sleep",
    category: "test",
    config: {},
    inputs: anyPorts(),
    outputs: anyPorts(),
    async run({ node_id, attempt, sleep }) {
      happened.push(`${node_id} ${attempt} starts`);
      await sleep(1000);
      return {};
    },
  });
  const store = new MemoryStore();
  const doomed = createEngine({ nodes: [sleeper], store, clock, owner: "doomed" });
  const { result } = await doomed.start(workflow, { execution_id: "e" });
  result.catch(() => {});
  await clock.advance(100);
  await doomed.close();
  happened.length = 0;

  const endLeftover = async ({ mark }: { mark: string }) => {
    const nodeId = NODE_IDS.find((id) => attemptId("e", id, 0, 1) === mark);
    happened.push(`ending ${nodeId}`);
    await new Promise<void>((resolve) => clock.setTimer(2000, resolve));
    happened.push(`ended ${nodeId}`);
  };
  const engine = createEngine({ nodes: [sleeper], store, clock, owner: "survivor", endLeftover });
  const execution = await clock.run(engine.resume("e"));
  assert.equal((await clock.run(execution.result)).status, "succeeded");
  assert.deepEqual(happened, [
    ...NODE_IDS.map((id) => `ending ${id}`),
    ...NODE_IDS.map((id) => `ended ${id}`),
    ...NODE_IDS.map((id) => `${id} 2 starts`),
  ]);
});
