import type { Graph } from "../../engine/graph.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { nodeLabels } from "./labels.ts";
import { cleanLine } from "./text.ts";

/** A workflow for Mermaid (https://mermaid.js.org/syntax/flowchart.html). Nodes are n0, n1 ... in document order. */
export function drawGraphMermaid(workflow: Workflow, graph: Graph): string {
  const labels = nodeLabels(workflow);
  const lines = ["flowchart TD"];
  for (const [index, { id, node_type }] of workflow.nodes.entries()) {
    const label = escapeMermaid(labels.get(id) ?? id);
    lines.push(`  n${index}["${label}<br/><small>${escapeMermaid(node_type)}</small>"]`);
  }
  for (const { from_node, from_port, to_node, to_port } of workflow.connections) {
    const ports = escapeMermaid(describePorts(from_port, to_port));
    lines.push(`  n${graph.indexOf(from_node)} -->|"${ports}"| n${graph.indexOf(to_node)}`);
  }
  for (const { from, to } of orderEdges(graph)) lines.push(`  n${from} -.-> n${to}`);
  return `${lines.join("\n")}\n`;
}

/** A workflow for Graphviz (https://graphviz.org/doc/info/lang.html). */
export function drawGraphDot(workflow: Workflow, graph: Graph): string {
  const labels = nodeLabels(workflow);
  const lines = [`digraph "${escapeDot(workflow.name)}" {`, '  node [shape=box, style=rounded, fontname="monospace"]'];
  for (const [index, { id, node_type }] of workflow.nodes.entries()) {
    lines.push(`  n${index} [label="${escapeDot(labels.get(id) ?? id)}\\n${escapeDot(node_type)}"]`);
  }
  for (const { from_node, from_port, to_node, to_port } of workflow.connections) {
    const ports = escapeDot(describePorts(from_port, to_port));
    lines.push(`  n${graph.indexOf(from_node)} -> n${graph.indexOf(to_node)} [label="${ports}"]`);
  }
  for (const { from, to } of orderEdges(graph)) lines.push(`  n${from} -> n${to} [style=dashed]`);
  return `${lines.join("\n")}\n}\n`;
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
