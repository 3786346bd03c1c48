import assert from "node:assert/strict";
import { buildGraph } from "../../engine/graph.ts";
import type { NodeSpec, Workflow } from "../../engine/workflow.ts";
import { createWorkflow } from "../../tests/support/events.ts";
import { type DrawnPart, partsOf } from "./drawn_parts.ts";
import { drawGraphAscii } from "./graph_ascii.ts";
import { drawGraphSvg } from "./graph_svg.ts";
import { drawGraphDot, drawGraphMermaid } from "./graph_text.ts";
import { measureWidth } from "./text.ts";

function whole(workflow: Workflow, graph = buildGraph(workflow)): [DrawnPart] {
  return [{ workflow, graph }];
}

function ascii(workflow: Workflow, columns = 120): string {
  return drawGraphAscii(whole(workflow), columns);
}

const diamond = createWorkflow(["a", "b", "c", "d"], ["a > b", "a > c", "a > d", "b > d", "c > d"]);

/** Names that mean something in every format there is. */
const nasty = createWorkflow([
  { id: `a"];}<script>&'\\`, node_type: "t", name: "end <b>&\"'\\\n|#35;", config: {} },
  "日本語 🎉",
], [`a"];}<script>&'\\ > 日本語 🎉`]);

Deno.test("drawGraphAscii() draws boxes in layers, and lines that meet and pass", () => {
  assert.equal(
    ascii(diamond),
    `                ┌───────────┐
                │ a         │
                │ test.node │
                └─────┬─────┘
      ┌───────────────┼─────────┐
      ▼               ▼         │
┌───────────┐   ┌───────────┐   │
│ b         │   │ c         │   │
│ test.node │   │ test.node │   │
└─────┬─────┘   └─────┬─────┘   │
      └───────────────┼─────────┘
                      ▼
                ┌───────────┐
                │ d         │
                │ test.node │
                └───────────┘
`,
  );
});

Deno.test("drawGraphAscii() keeps boxes whole around wide characters", () => {
  const box = ascii(createWorkflow(["日本語 🎉", "x\x1b[2J"])).trimEnd().split("\n");
  assert.equal(new Set(box.map(measureWidth)).size, 1);
  assert.doesNotMatch(box.join(""), /\[2J/);
});

Deno.test("drawGraphAscii() lists layer by layer what would not fit", () => {
  assert.equal(
    ascii(diamond, 20),
    `Layer 1
  a  test.node

Layer 2
  b  test.node  ← a
  c  test.node  ← a

Layer 3
  d  test.node  ← a, b, c
`,
  );
  assert.equal(ascii(createWorkflow([])), "(no nodes)\n");
});

Deno.test("drawGraphAscii() keeps the lines of different edges apart", () => {
  const crossing = ascii(createWorkflow(["a", "b", "c", "x", "y", "z"], ["a > y", "a > z", "b > x", "b > z", "c > x"]));
  const tracks = crossing.split("\n").filter((line) => /^[ │└┘┌┐├┤┬┴┼─]+$/.test(line) && /─/.test(line)).length;
  assert.ok(tracks >= 2, crossing);
});

Deno.test("drawGraphMermaid() writes names so that nothing in them is taken for syntax", () => {
  const [head, first = "", second, edge] = drawGraphMermaid(whole(nasty)).split("\n");
  assert.equal(head, "flowchart TD");
  assert.match(first, /^ {2}n0\["[^"<>&\\|]*<br\/><small>t<\/small>"\]$/);
  assert.match(second ?? "", /^ {2}n1\["日本語 #127881;<br\/><small>test\.node<\/small>"\]$/);
  assert.equal(edge, '  n0 -->|"out → in"| n1');
});

Deno.test("drawGraphDot() escapes quotes and backslashes", () => {
  const dot = drawGraphDot(whole({ ...nasty, name: 'x" -> y\\' }));
  assert.match(dot, /^digraph "x\\" -> y\\\\" \{\n/);
  for (const line of dot.split("\n")) {
    const withoutStrings = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, "S");
    assert.doesNotMatch(withoutStrings, /["\\]/, line);
  }
});

Deno.test("drawGraphMermaid() and drawGraphDot() draw what waits without a connection as a broken line, once", () => {
  const c = { id: "c", node_type: "t", name: "c", config: {}, depends_on: ["a", "b"] };
  const workflow = createWorkflow(["a", "b", c], ["b > c"]);
  const dependencies = [{ from_node: "a", to_node: "b" }, { from_node: "a", to_node: "c" }];
  const graph = buildGraph({ ...workflow, dependencies });
  const brokenLines = (drawing: string) => drawing.split("\n").filter((line) => /-\.->|dashed/.test(line));
  assert.deepEqual(brokenLines(drawGraphMermaid(whole(workflow, graph))), ["  n0 -.-> n1", "  n0 -.-> n2"]);
  assert.deepEqual(brokenLines(drawGraphDot(whole(workflow, graph))), [
    "  n0 -> n1 [style=dashed]",
    "  n0 -> n2 [style=dashed]",
  ]);
});

Deno.test("drawGraphSvg() is one well-formed document with every node and edge", () => {
  const svg = drawGraphSvg(whole(nasty));
  assert.doesNotMatch(svg, /<script|https?:\/\/(?!www\.w3\.org)/);
  const open: string[] = [];
  for (const [, isClosing, name = "", isEmpty] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (isClosing) assert.equal(open.pop(), name);
    else if (!isEmpty) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(svg.replaceAll(/&(amp|lt|gt|quot|#39);/g, ""), /&/);
  assert.equal(svg.match(/<rect /g)?.length, 2);
  assert.equal(svg.match(/marker-end/g)?.length, 1);
});

Deno.test("drawGraphSvg() refuses what nobody could read, and says what to use", () => {
  const ids = Array.from({ length: 200 }, (_, n) => `n${n}`);
  const chain = ids.slice(1).map((id, n) => `n${n} > ${id}`);
  const skips = ids.flatMap((id, n) => n % 2 === 0 ? [`${id} > n199`] : []);
  const workflow = createWorkflow(ids, [...chain, ...skips]);
  assert.throws(() => drawGraphSvg(whole(workflow)), { code: "invalid_argument" });
  assert.match(ascii(workflow), /^Layer 1\n/);
});

Deno.test("a drawing says what runs per item or is repeated, and shows handlers on their own", async () => {
  const node = (id: string, more: Partial<NodeSpec> = {}): NodeSpec => ({ id, node_type: "t", config: {}, ...more });
  const nodes = [
    node("list"),
    node("each", { map: { items: [1], on_error: "stop" } }),
    node("poll", { repeat: { until: "${{ true }}", delay_ms: 0, max: 2 } }),
  ];
  const plain = createWorkflow([], []);
  const workflow = { ...plain, nodes, settings: { ...plain.settings, on_failure: [node("notify"), node("clean")] } };
  const parts = await partsOf(workflow);
  assert.match(drawGraphAscii(parts, 120), /t \(per item\)[^]+\non_failure\n[^]+notify[^]+▼[^]+clean/);
  assert.match(drawGraphAscii(parts, 120), /t \(repeated\)/);
  assert.match(
    drawGraphMermaid(parts),
    /n1\[[^]+ {2}subgraph on_failure\n {2}on_failure_0\[[^]+on_failure_0 -\.-> on_failure_1\n {2}end\n$/,
  );
  assert.match(
    drawGraphDot(parts),
    /subgraph cluster_on_failure \{[^]+on_failure_0 -> on_failure_1 \[style=dashed\]\n {2}\}\n\}\n$/,
  );
  const svg = drawGraphSvg(parts);
  assert.match(svg, />on_failure<\/text>/);
  assert.equal(svg.match(/<rect /g)?.length, 5);
});
