import type { Graph } from "../../engine/graph.ts";
import type { DrawnPart } from "./drawn_parts.ts";
import { describeType, nodeLabels } from "./labels.ts";
import { cleanLine } from "./text.ts";

/** How a language writes the parts of a drawing. */
interface Language {
  escape(text: string): string;
  node(name: string, label: string, type: string): string;
  connection(from: string, to: string, ports: string): string;
  order(from: string, to: string): string;
  openGroup(name: string): string;
  closeGroup: string;
}

const mermaid: Language = {
  escape: escapeMermaid,
  node: (name, label, type) => `${name}["${label}<br/><small>${type}</small>"]`,
  connection: (from, to, ports) => `${from} -->|"${ports}"| ${to}`,
  order: (from, to) => `${from} -.-> ${to}`,
  openGroup: (name) => `subgraph ${name}`,
  closeGroup: "end",
};

const dot: Language = {
  escape: escapeDot,
  node: (name, label, type) => `${name} [label="${label}\\n${type}"]`,
  connection: (from, to, ports) => `${from} -> ${to} [label="${ports}"]`,
  order: (from, to) => `${from} -> ${to} [style=dashed]`,
  openGroup: (name) => `subgraph cluster_${name} { label="${name}"`,
  closeGroup: "}",
};

/** A workflow for Mermaid (https://mermaid.js.org/syntax/flowchart.html). Nodes are n0, n1 ... in document order. */
export function drawGraphMermaid(parts: readonly DrawnPart[]): string {
  return writeLines(["flowchart TD", ...parts.flatMap((part) => describePart(part, mermaid))]);
}

/** A workflow for Graphviz (https://graphviz.org/doc/info/lang.html). */
export function drawGraphDot(parts: readonly [DrawnPart, ...DrawnPart[]]): string {
  return writeLines([
    `digraph "${escapeDot(parts[0].workflow.name)}" {`,
    '  node [shape=box, style=rounded, fontname="monospace"]',
    ...parts.flatMap((part) => describePart(part, dot)),
    "}",
  ]);
}

function writeLines(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

function describePart({ handler, workflow, graph }: DrawnPart, language: Language): string[] {
  const labels = nodeLabels(workflow);
  const name = (index: number) => handler === undefined ? `n${index}` : `${handler}_${index}`;
  const lines = workflow.nodes.map((node, index) => {
    const label = language.escape(labels.get(node.id) ?? node.id);
    return language.node(name(index), label, language.escape(describeType(node)));
  });
  for (const { from_node, from_port, to_node, to_port } of workflow.connections) {
    const ports = language.escape(describePorts(from_port, to_port));
    lines.push(language.connection(name(graph.indexOf(from_node)), name(graph.indexOf(to_node)), ports));
  }
  for (const { from, to } of orderEdges(graph)) lines.push(language.order(name(from), name(to)));
  const grouped = handler === undefined ? lines : [language.openGroup(handler), ...lines, language.closeGroup];
  return grouped.map((line) => `  ${line}`);
}

/** Who waits for whom without a connection: because of `depends_on`, or of an expression. */
function orderEdges(graph: Graph): { from: number; to: number }[] {
  const edges: { from: number; to: number }[] = [];
  for (let to = 0; to < graph.count; to++) {
    const connected = new Set(graph.incoming(to).map(({ from }) => from));
    for (const from of graph.predecessors(to)) if (!connected.has(from)) edges.push({ from, to });
  }
  return edges;
}

function describePorts(from: string, to: string): string {
  return from === to ? from : `${from} → ${to}`;
}

/** Mermaid reads entities by number, with `#` in place of `&#`; anything but letters and digits may mean something. */
function escapeMermaid(text: string): string {
  return cleanLine(text).replaceAll(/[^\p{L}\p{N} ._/,:→-]/gu, (character) => `#${character.codePointAt(0)};`);
}

function escapeDot(text: string): string {
  return cleanLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
