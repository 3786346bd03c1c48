import { requiredPorts } from "./check_ports.ts";
import { checkDeclaredInputs, resolveInputs } from "./declared_inputs.ts";
import { type Issue, IssueList } from "./issue.ts";
import { hasExpressions } from "./language.ts";
import { isRequiredPort, type NodeDefinition } from "./node.ts";
import { quote } from "./plain.ts";
import type { NodeRegistry } from "./registry.ts";
import { reportProblem } from "./report.ts";
import { didYouMean } from "./suggest.ts";
import type { Values } from "./value.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";
import { parseWith } from "./zod_issues.ts";

/**
 * Whether an execution may start with these inputs: they must fit the declared ones, if there are some; the nodes
 * without incoming connections receive them on their ports.
 * Errors: an input that such a node needs is missing or has the wrong type. Warning: none of them takes an input.
 */
export function checkInputs(workflow: Workflow, registry: NodeRegistry, inputs: Values): Issue[] {
  const issues = new IssueList();
  if (workflow.inputs !== undefined) checkDeclaredInputs(workflow.inputs, inputs, issues);
  if (issues.hasErrors) return issues.toArray();
  checkPorts(workflow, registry, resolveInputs(workflow.inputs, inputs), issues);
  return issues.toArray();
}

function checkPorts(workflow: Workflow, registry: NodeRegistry, inputs: Values, issues: IssueList): void {
  const roots = findRoots(workflow, registry);
  for (const [definition, ids] of roots) {
    for (const port of Object.keys(definition.inputs.shape)) checkPort(definition, ids, port, inputs, issues);
  }
  const definitions = [...roots.keys()];
  if (workflow.inputs !== undefined || definitions.length === 0 || hasExpressions(workflow)) return;
  if (definitions.some((definition) => definition.inputs.open)) return;
  const ports = [...new Set(definitions.flatMap((definition) => Object.keys(definition.inputs.shape)))];
  for (const name of Object.keys(inputs)) {
    if (ports.includes(name)) continue;
    issues.warning(
      "unused_input",
      ["inputs", name],
      () => `Input ${quote(name)} is not used: no node without connections has such a port`,
      () => didYouMean(name, ports, "inputs"),
    );
  }
}

/** Ids of the nodes that nothing is connected to, by what they are. */
function findRoots(workflow: Workflow, registry: NodeRegistry): Map<NodeDefinition, string[]> {
  const targets = new Set(workflow.connections.map((connection) => connection.to_node));
  const roots = new Map<NodeDefinition, string[]>();
  for (const node of workflow.nodes) {
    const definition = targets.has(node.id) ? undefined : registry.get(node.node_type);
    if (definition === undefined || hasAllInputs(node, definition)) continue;
    const ids = roots.get(definition);
    if (ids === undefined) roots.set(definition, [node.id]);
    else ids.push(node.id);
  }
  return roots;
}

/** What stands in the document for a port wins over the execution's input. */
function hasAllInputs({ inputs }: NodeSpec, definition: NodeDefinition): boolean {
  return inputs !== undefined && requiredPorts(definition.inputs).every((port) => Object.hasOwn(inputs, port));
}

function checkPort(
  definition: NodeDefinition,
  ids: readonly string[],
  port: string,
  inputs: Values,
  issues: IssueList,
): void {
  const value = Object.hasOwn(inputs, port) ? inputs[port] : undefined;
  if (value === undefined) {
    if (!isRequiredPort(definition.inputs, port)) return;
    issues.error(
      "missing_input",
      ["inputs", port],
      () => `${nameNodes(ids)} cannot start: ${definition.type} needs the input ${quote(port)}`,
      () => `Pass it, for example with --set ${port}=...`,
    );
    return;
  }
  const type = definition.inputs.shape[port];
  const parsed = type === undefined ? undefined : parseWith(type, value);
  if (parsed === undefined || parsed.ok) return;
  for (const problem of parsed.problems) {
    reportProblem(issues, problem, {
      subject: `Input ${quote(port)} of ${definition.type}`,
      root: value,
      path: ["inputs", port],
      shownPath: [],
      knownKeys: [],
      code: "invalid_input",
    });
  }
}

function nameNodes(ids: readonly string[]): string {
  const [first = ""] = ids;
  return ids.length === 1 ? `Node ${quote(first)}` : `Node ${quote(first)} (and ${ids.length - 1} more)`;
}
