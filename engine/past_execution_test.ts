import assert from "node:assert/strict";
import { Lab } from "../tests/support/lab.ts";
import { sketch } from "../tests/support/trace.ts";
import { readResult } from "./past_execution.ts";
import type { NodeSpec } from "./workflow.ts";

const node = (id: string): NodeSpec => ({ id, node_type: "test.node", config: {} });

Deno.test("readResult() answers what the driver of an execution was told, handlers counting for nothing", async () => {
  const lab = new Lab();
  const settings = { on_success: [node("cheer")], on_exit: [node("clean")] };
  const handle = await lab.openEngine().start(sketch("a > b", { nodes: { a: node("a"), b: node("b") }, settings }));
  const told = await lab.clock.run(handle.result);
  const record = await lab.store.getRecord(handle.execution_id);
  assert.ok(record !== undefined);
  assert.deepEqual(await readResult(lab.store, record), told);
  assert.deepEqual([told.outputs, told.completed_nodes, told.total_nodes], [{ b: { out: "b" } }, 2, 2]);
});
