import type { Graph } from "./graph.ts";
import type { IssueList } from "./issue.ts";
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
    // A node that nothing is connected to takes the execution's inputs.
    if (definition === undefined || graph.incoming(index).length === 0) continue;
    const given = workflow.nodes[index]?.inputs ?? {};
    const ports = requiredPorts(definition.inputs).filter((port) => !Object.hasOwn(given, port));
    if (ports.length > 0) checkRequired(graph, index, definition, ports, issues);
  }
}

/** Checks that the nodes of a handler, which receive nothing else, have in the document what they cannot run without. */
export function checkHandlerInputs(handler: Workflow, nodes: readonly CheckedNode[], issues: IssueList): void {
  for (const [index, { definition }] of nodes.entries()) {
    const { id, inputs = {} } = handler.nodes[index] ?? { id: "" };
    for (const port of definition === undefined ? [] : requiredPorts(definition.inputs)) {
      if (Object.hasOwn(inputs, port)) continue;
      issues.error(
        "missing_input",
        ["nodes", index],
        () => `Node ${quote(id)} gets nothing on ${quote(port)}: ${definition?.type} needs it`,
        () => `Give it a value in inputs.${port}.`,
      );
    }
  }
}

/** Values that stand in the document must fit their ports; what expressions yield is checked when the node runs. */
function checkGivenInputs(
  { id, node_type }: NodeSpec,
  given: Values,
  index: number,
  { inputs }: NodeDefinition,
  issues: IssueList,
): void {
  for (const [port, value] of Object.entries(given)) {
    const path = ["nodes", index, "inputs", port];
    if (!hasPort(inputs, port)) {
      const known = Object.keys(inputs.shape);
      const has = known.length === 0 ? `${node_type} has no inputs` : `${node_type} has ${quoteList(known)}`;
      issues.error(
        "unknown_port",
        path,
        () => `Node ${quote(id)} has no input ${quote(port)}: ${has}`,
        () => didYouMean(port, known, "inputs"),
      );
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
  const known = Object.keys(ports.shape);
  const kind = end === "from" ? "output" : "input";
  issues.error(
    "unknown_port",
    ["connections", index, `${end}_port`],
    () => {
      const has = known.length === 0
        ? `${definition.type} has no ${kind}s`
        : `${definition.type} has ${quoteList(known)}`;
      return `Node ${quote(connection[`${end}_node`])} has no ${kind} ${quote(port)}: ${has}`;
    },
    () => didYouMean(port, known, `${kind}s`),
  );
}

function checkRequired(
  graph: Graph,
  index: number,
  definition: NodeDefinition,
  required: readonly string[],
  issues: IssueList,
): void {
  const incoming = graph.incoming(index);
  if (incoming.length === 0) return;
  for (const port of required) {
    if (incoming.some((connection) => connection.to_port === port)) continue;
    issues.error(
      "missing_input",
      ["nodes", index],
      () => `Node ${quote(graph.ids[index] ?? "")} gets nothing on ${quote(port)}: ${definition.type} needs it`,
      () => `Connect an output to its port "${port}".`,
    );
  }
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
