import assert from "node:assert/strict";
import { createEngine } from "./engine.ts";
import { MemoryStore } from "./memory_store.ts";
import { anyPorts, defineNode } from "./node.ts";
import { parseWorkflow } from "./parse.ts";
import type { ExecutionRecord } from "./store.ts";

const created_at = new Date(0).toISOString();

/** An engine whose nodes tell that they ran, and a store in which executions were left without a first event. */
async function abandon(record: Partial<ExecutionRecord> = {}) {
  const ran: string[] = [];
  const node = defineNode({
    type: "test.tell",
    version: 1,
    summary: "Tell",
    category: "test",
    config: {},
    inputs: anyPorts(),
    outputs: anyPorts(),
    run: ({ node_id }) => {
      ran.push(node_id);
      return {};
    },
  });
  const store = new MemoryStore();
  const engine = createEngine({ nodes: [node], store });
  const workflow = await parseWorkflow({ nodes: [{ id: "a", node_type: "test.tell" }] }, { registry: engine.registry });
  store.createExecution({ execution_id: "x", workflow, inputs: {}, verbose: false, created_at, ...record });
  return { engine, store, ran };
}

Deno.test("resume() runs an execution that was cut off before its first event", async () => {
  const { engine, ran } = await abandon();
  assert.equal((await (await engine.resume("x")).result).status, "succeeded");
  assert.deepEqual(ran, ["a"]);
});

Deno.test("resume() of an execution that was asked to cancel starts nothing", async () => {
  const { engine, store, ran } = await abandon();
  store.requestCancel("x", "not needed");
  const result = await (await engine.resume("x")).result;
  assert.deepEqual([result.status, result.error?.message, ran], ["cancelled", "not needed", []]);
});

Deno.test("resume() refuses a rerun of which nobody knows any more what it should reuse", async () => {
  const { engine, store, ran } = await abandon({ rerun_of: "y" });
  await assert.rejects(engine.resume("x"), { code: "conflict", hint: 'Run "flow rerun y" once more.' });
  store.requestCancel("x", "not needed");
  assert.equal((await (await engine.resume("x")).result).status, "cancelled");
  assert.deepEqual(ran, []);
});
