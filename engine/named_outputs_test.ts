import assert from "node:assert/strict";
import { fails, sketch, trace } from "../tests/support/trace.ts";
import type { NodeSpec } from "./workflow.ts";

/** `each` may answer any ports; nobody can know which unless an item does. */
function openMapped(items: number[], node: Partial<NodeSpec> = {}) {
  const each = { node_type: "test.plain", map: { items, on_error: "continue" as const }, ...node };
  const last = {
    node_type: "test.plain",
    map: { items: "${{ nodes.each.found }}", on_error: "stop" as const },
    inputs: { one: "${{ item }}" },
  };
  const shown = { id: "shown", node_type: "test.act", config: {}, inputs: { it: "${{ nodes.each.told }}" } };
  const workflow = sketch("each, last", { nodes: { each, last }, settings: { on_exit: [shown] } });
  return { ...workflow, outputs: { found: "${{ nodes.each.found }}", facts: "${{ nodes.each.status }}" } };
}

Deno.test("map: what the workflow uses of a node without fixed outputs is an empty list if there are no items", async () => {
  const { result, events } = await trace(openMapped([]));
  assert.equal(result.status, "succeeded");
  assert.deepEqual(result.outputs, { found: [], facts: "succeeded" });
  const each = events.find((event) => event.type === "NodeCompleted" && event.node_id === "each");
  assert.deepEqual(each?.type === "NodeCompleted" && each.outputs, { found: [], told: [] });
});

Deno.test("map: what the workflow uses of a node without fixed outputs is a list of null if all items failed", async () => {
  const { result } = await trace(openMapped([1, 2]), { each: fails() });
  assert.deepEqual(result.outputs, { found: [null, null], facts: "succeeded" });
});
