import assert from "node:assert/strict";
import { findCycle, findCycles } from "./cycles.ts";
import { buildGraph, type Graph } from "./graph.ts";

/** `graphOf("a>b", "b>c")`: nodes in the order of their first mention. */
function graphOf(...edges: string[]): Graph {
  const pairs = edges.map((edge) => edge.split(">"));
  const nodes = [...new Set(pairs.flat())].map((id) => ({ id }));
  const connections = pairs.flatMap(([from_node = "", to_node]) =>
    to_node === undefined ? [] : [{ from_node, from_port: `from_${from_node}`, to_node, to_port: `to_${to_node}` }]
  );
  return buildGraph({ nodes, connections });
}

function names(graph: Graph, indexes: Iterable<number>): string {
  return [...indexes].map((index) => graph.ids[index]).join(" ");
}

Deno.test("buildGraph() knows successors once each, predecessors, and an order", () => {
  const graph = graphOf("a>b", "a>c", "a>b", "b>d", "c>d", "e");
  assert.equal(graph.count, 5);
  assert.equal(names(graph, graph.successors(graph.indexOf("a"))), "b c");
  assert.equal(graph.predecessorCount(graph.indexOf("b")), 1);
  assert.equal(graph.predecessorCount(graph.indexOf("d")), 2);
  assert.equal(graph.predecessorCount(graph.indexOf("e")), 0);
  assert.equal(names(graph, graph.order), "a e b c d");
  assert.equal(graph.indexOf("nobody"), -1);
  assert.equal(graph.indexOf("__proto__"), -1);
});

Deno.test("Graph.incoming() has every connection in document order, also two between the same nodes", () => {
  const graph = buildGraph({
    nodes: [{ id: "z" }, { id: "a" }, { id: "b" }],
    connections: [
      { from_node: "b", from_port: "1", to_node: "z", to_port: "x" },
      { from_node: "a", from_port: "2", to_node: "z", to_port: "y" },
      { from_node: "b", from_port: "3", to_node: "z", to_port: "x" },
    ],
  });
  assert.deepEqual(graph.incoming(0), [
    { from: 2, from_port: "1", to_port: "x" },
    { from: 1, from_port: "2", to_port: "y" },
    { from: 2, from_port: "3", to_port: "x" },
  ]);
  assert.deepEqual(graph.incoming(1), []);
});

Deno.test("buildGraph() orders nodes by edges without ports too, and leaves them out of incoming()", () => {
  const graph = buildGraph({
    nodes: [{ id: "late" }, { id: "early" }],
    connections: [],
    dependencies: [{ from_node: "early", to_node: "late" }],
  });
  assert.equal(names(graph, graph.order), "early late");
  assert.equal(graph.predecessorCount(0), 1);
  assert.deepEqual(graph.incoming(0), []);
});

Deno.test("findCycles() answers one short cycle per knot, the first node of the document in front", () => {
  assert.deepEqual(findCycles(graphOf("a>b", "b>c")), []);
  const graph = graphOf("x>c", "c>b", "b>a", "a>c", "b>c", "p>q", "q>p", "q>r", "s>s");
  assert.deepEqual(findCycles(graph).map((cycle) => names(graph, cycle)), ["c b", "p q", "s"]);
  assert.equal(names(graph, graph.unordered()), "c b a p q r s");
  assert.equal(findCycle(graphOf("a>b")), undefined);
});

Deno.test("findCycle() finds its way around 100,000 nodes", () => {
  const count = 100_000;
  const edges = Array.from({ length: count }, (_, index) => `${index}>${(index + 1) % count}`);
  assert.equal(findCycle(graphOf(...edges))?.length, count);
});

Deno.test("buildGraph() leaves out edges that lead nowhere, and takes the first of two nodes with the same id", () => {
  const graph = buildGraph({
    nodes: [{ id: "a" }, { id: "a" }, { id: "b" }],
    connections: [
      { from_node: "a", from_port: "x", to_node: "b", to_port: "y" },
      { from_node: "ghost", from_port: "x", to_node: "b", to_port: "y" },
    ],
  });
  assert.deepEqual(graph.incoming(2), [{ from: 0, from_port: "x", to_port: "y" }]);
  assert.equal(graph.predecessorCount(2), 1);
});
