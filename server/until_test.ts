import assert from "node:assert/strict";
import { parseWorkflow } from "../engine/parse.ts";
import { cutWorkflow } from "./until.ts";

async function parse() {
  const node = (id: string, config = {}, rest = {}) => ({ id, node_type: "any", config, ...rest });
  return await parseWorkflow({
    id: "w",
    nodes: [
      node("a"),
      node("b"),
      node("c", { text: "${{ nodes.b.out }}" }),
      node("d", {}, { depends_on: ["c"] }),
      node("e"),
    ],
    connections: [
      { from_node: "a", from_port: "out", to_node: "d", to_port: "in" },
      { from_node: "d", from_port: "out", to_node: "e", to_port: "in" },
    ],
    outputs: { all: "${{ nodes.e.out }}" },
    settings: { max_parallel_nodes: 3, on_exit: [node("tell")] },
  });
}

Deno.test("cutWorkflow() keeps a node and all that it depends on: connections, order and expressions", async () => {
  const cut = await cutWorkflow(await parse(), "d");
  assert.deepEqual(cut.nodes.map(({ id }) => id), ["a", "b", "c", "d"]);
  assert.deepEqual(cut.connections.map(({ from_node, to_node }) => from_node + to_node), ["ad"]);
  assert.deepEqual((await cutWorkflow(await parse(), "c")).nodes.map(({ id }) => id), ["b", "c"]);
});

Deno.test("cutWorkflow() leaves out what is for the whole workflow: its outputs and its handlers", async () => {
  const cut = await cutWorkflow(await parse(), "b");
  assert.equal(cut.outputs, undefined);
  assert.equal(cut.settings.on_exit, undefined);
  assert.equal(cut.settings.max_parallel_nodes, 3);
});

Deno.test("cutWorkflow() refuses a node that is not there", async () => {
  await assert.rejects(cutWorkflow(await parse(), "f"), { code: "invalid_argument" });
});
