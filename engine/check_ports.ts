import type { Graph } from "./graph.ts";
import type { IssueList, Path } from "./issue.ts";
import { hasTemplates } from "./language.ts";
import { hasPort, isRequiredPort, type NodeDefinition, type Ports } from "./node.ts";
import { quote } from "./plain.ts";
import { reportProblem } from "./report.ts";
import { didYouMean, quoteList } from "./suggest.ts";
import type { CheckedNode } from "./validate.ts";
import { NOTHING_BROKEN } from "./validate.ts";
import type { Values } from "./value.ts";
import type { Connection, NodeSpec, Workflow } from "./workflow.ts";
import { parseWith } from "./zod_issues.ts";

/** Checks that every connection joins ports that exist, and that nodes get what they cannot run without. */
export function checkPorts(
  workflow: Workflow,
  graph: Graph,
  nodes: readonly CheckedNode[],
  issues: IssueList,
  broken = NOTHING_BROKEN,
): void {
  for (const [index, connection] of workflow.connections.entries()) {
    if (broken.brokenConnections.has(index)) continue;
    const from = nodes[graph.indexOf(connection.from_node)]?.definition;
    const to = nodes[graph.indexOf(connection.to_node)]?.definition;
    if (from !== undefined) checkPort(index, connection, "from", from, issues);
    if (to !== undefined) checkPort(index, connection, "to", to, issues);
  }
  for (const [index, spec] of workflow.nodes.entries()) {
    const definition = nodes[index]?.definition;
    if (definition === undefined) continue;
    if (spec.inputs !== undefined) checkGivenInputs(spec, spec.inputs, index, definition, issues);
    if (spec.map !== undefined && definition.routes) refuseMap(spec, index, issues);
  }
  // One of the broken connections might have led to the port that is missed.
  if (broken.brokenConnections.size === 0) checkRequiredPorts(workflow, graph, nodes, issues);
}

function checkRequiredPorts(
  workflow: Workflow,
  graph: Graph,
  nodes: readonly CheckedNode[],
  issues: IssueList,
): void {
  for (const [index, { definition }] of nodes.entries()) {
    const spec = workflow.nodes[index];
    const required = definition === undefined ? [] : requiredPorts(definition.inputs);
    const incoming = required.length === 0 ? [] : graph.incoming(index);
    // A node that nothing is connected to takes the execution's inputs.
    if (spec === undefined || incoming.length === 0) continue;
    for (const port of required) {
      if (incoming.some(({ to_port }) => to_port === port) || Object.hasOwn(spec.inputs ?? {}, port)) continue;
      reportMissing(spec, index, port, `Connect an output to its port "${port}".`, issues);
    }
  }
}

/** Checks that the nodes of a handler, which receive nothing else, have in the document what they cannot run without. */
export function checkHandlerInputs(handler: Workflow, nodes: readonly CheckedNode[], issues: IssueList): void {
  for (const [index, { definition }] of nodes.entries()) {
    const spec = handler.nodes[index];
    if (spec === undefined || definition === undefined) continue;
    for (const port of requiredPorts(definition.inputs)) {
      if (Object.hasOwn(spec.inputs ?? {}, port)) continue;
      reportMissing(spec, index, port, `Give it a value in inputs.${port}.`, issues);
    }
  }
}

function reportMissing(
  { id, node_type }: NodeSpec,
  index: number,
  port: string,
  hint: string,
  issues: IssueList,
): void {
  issues.error(
    "missing_input",
    ["nodes", index],
    () => `Node ${quote(id)} gets nothing on ${quote(port)}: ${node_type} needs it`,
    () => hint,
  );
}

/** Values that stand in the document must fit their ports; what expressions yield is checked when the node runs. */
function checkGivenInputs(
  { id, node_type }: NodeSpec,
  given: Values,
  index: number,
  definition: NodeDefinition,
  issues: IssueList,
): void {
  const { inputs } = definition;
  for (const [port, value] of Object.entries(given)) {
    const path = ["nodes", index, "inputs", port];
    if (!hasPort(inputs, port)) {
      reportUnknownPort({ id, port, kind: "input" }, definition, path, issues);
      continue;
    }
    const type = Object.hasOwn(inputs.shape, port) ? inputs.shape[port] : undefined;
    const parsed = type === undefined || hasTemplates(value) ? undefined : parseWith(type, value);
    if (parsed === undefined || parsed.ok) continue;
    for (const problem of parsed.problems) {
      const subject = `Node ${quote(id)} (${node_type})`;
      const shownPath = ["inputs", port];
      reportProblem(issues, problem, { subject, root: value, path, shownPath, knownKeys: [], code: "invalid_input" });
    }
  }
}

function refuseMap({ id, node_type }: NodeSpec, index: number, issues: IssueList): void {
  issues.error(
    "wrong_value",
    ["nodes", index, "map"],
    () => `Node ${quote(id)} cannot run once per item: ${node_type} picks ways, and each item might pick another`,
    () => "Map over the nodes behind it, or give them a when.",
  );
}

function checkPort(
  index: number,
  connection: Connection,
  end: "from" | "to",
  definition: NodeDefinition,
  issues: IssueList,
): void {
  const ports = end === "from" ? definition.outputs : definition.inputs;
  const port = connection[`${end}_port`];
  if (hasPort(ports, port)) return;
  const kind = end === "from" ? "output" : "input";
  const subject = { id: connection[`${end}_node`], port, kind } as const;
  reportUnknownPort(subject, definition, ["connections", index, `${end}_port`], issues);
}

function reportUnknownPort(
  { id, port, kind }: { id: string; port: string; kind: "input" | "output" },
  definition: NodeDefinition,
  path: Path,
  issues: IssueList,
): void {
  const known = Object.keys(definition[`${kind}s`].shape);
  issues.error(
    "unknown_port",
    path,
    () => {
      const has = known.length === 0 ? `no ${kind}s` : quoteList(known);
      return `Node ${quote(id)} has no ${kind} ${quote(port)}: ${definition.type} has ${has}`;
    },
    () => didYouMean(port, known, `${kind}s`),
  );
}

const requiredByPorts = new WeakMap<Ports, readonly string[]>();

/** Names of the ports that a node cannot run without. */
export function requiredPorts(ports: Ports): readonly string[] {
  let required = requiredByPorts.get(ports);
  if (required === undefined) {
    required = Object.keys(ports.shape).filter((name) => isRequiredPort(ports, name));
    requiredByPorts.set(ports, required);
  }
  return required;
}
