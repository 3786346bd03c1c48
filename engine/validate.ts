import { findCycles } from "./cycles.ts";
import type { CompiledConfig } from "./expression_config.ts";
import type { Graph } from "./graph.ts";
import type { IssueList, Path } from "./issue.ts";
import type { NodeExpressions } from "./workflow_expressions.ts";
import type { NodeDefinition } from "./node.ts";
import { quote } from "./plain.ts";
import type { NodeRegistry } from "./registry.ts";
import { reportProblem } from "./report.ts";
import { didYouMean } from "./suggest.ts";
import type { Connection, NodeSpec, Workflow } from "./workflow.ts";
import { parseWith, type SchemaProblem } from "./zod_issues.ts";

/** Elements that have been reported already and must not be looked into. */
export interface Broken {
  readonly brokenConfigs: ReadonlySet<number>;
  readonly brokenConnections: ReadonlySet<number>;
}

export const NOTHING_BROKEN: Broken = { brokenConfigs: new Set(), brokenConnections: new Set() };

/** Checks that need no node types: ids, connection ends, cycles. */
export function checkStructure(workflow: Workflow, graph: Graph, issues: IssueList, broken = NOTHING_BROKEN): void {
  checkIds(workflow, issues);
  for (const [index, connection] of workflow.connections.entries()) {
    if (!broken.brokenConnections.has(index)) checkConnectionEnds(connection, index, graph, issues);
  }
  checkRepeatedConnections(workflow, issues, broken);
  checkDependencies(workflow, graph, issues);
  checkCycles(workflow, graph, issues);
}

function checkIds(workflow: Workflow, issues: IssueList): void {
  const seen = new Map<string, number>();
  for (const [index, node] of workflow.nodes.entries()) {
    const first = seen.get(node.id);
    if (first === undefined) seen.set(node.id, index);
    else {
      issues.error(
        "duplicate_node",
        ["nodes", index, "id"],
        () => `Node id ${quote(node.id)} is taken: nodes[${first}] has it too`,
        () => "Give each node an id of its own.",
      );
    }
  }
}

function checkConnectionEnds(connection: Connection, index: number, graph: Graph, issues: IssueList): void {
  for (const end of ["from_node", "to_node"] as const) {
    if (graph.indexOf(connection[end]) >= 0) continue;
    issues.error(
      "unknown_node",
      ["connections", index, end],
      () => `Cannot connect ${nameConnection(connection)}: there is no node ${quote(connection[end])}`,
      () => didYouMean(connection[end], graph.ids, "nodes"),
    );
  }
  if (connection.from_node !== connection.to_node) return;
  issues.error(
    "self_loop",
    ["connections", index],
    () => `Cannot connect ${nameConnection(connection)}: a node cannot wait for itself`,
    () => "Connect it to another node.",
  );
}

function checkRepeatedConnections(workflow: Workflow, issues: IssueList, broken: Broken): void {
  const targets = new Set<string>();
  const whole = new Set<string>();
  for (const [index, connection] of workflow.connections.entries()) {
    if (broken.brokenConnections.has(index)) continue;
    const target = `${connection.to_node}\0${connection.to_port}`;
    const key = `${target}\0${connection.from_node}\0${connection.from_port}`;
    if (whole.has(key)) {
      issues.warning(
        "duplicate_connection",
        ["connections", index],
        () => `Connection ${nameConnection(connection)} is there twice`,
        () => "Remove one of them.",
      );
    } else if (targets.has(target)) {
      issues.warning(
        "several_connections",
        ["connections", index],
        () => `Port ${quote(connection.to_port)} of node ${quote(connection.to_node)} has several connections`,
        () => "The last one in the document that carries a value wins; use one port each to keep them all.",
      );
    }
    targets.add(target);
    whole.add(key);
  }
}

function checkDependencies(workflow: Workflow, graph: Graph, issues: IssueList): void {
  for (const [index, { id, depends_on = [] }] of workflow.nodes.entries()) {
    for (const [place, dependency] of depends_on.entries()) {
      const path = ["nodes", index, "depends_on", place];
      if (dependency === id) {
        issues.error("self_loop", path, () => `Node ${quote(id)} cannot wait for itself`, () => "Name another node.");
      } else if (graph.indexOf(dependency) < 0) {
        issues.error(
          "unknown_node",
          path,
          () => `Node ${quote(id)} cannot wait for ${quote(dependency)}: there is no such node`,
          () => didYouMean(dependency, graph.ids, "nodes"),
        );
      }
    }
  }
}

function checkCycles(workflow: Workflow, graph: Graph, issues: IssueList): void {
  if (graph.order.length === graph.count) return;
  const inCycle = new Set<number>();
  for (const cycle of findCycles(graph)) {
    for (const index of cycle) inCycle.add(index);
    const [first = 0] = cycle;
    if (cycle.length === 1) continue;
    issues.error(
      "cycle",
      ["nodes", first],
      () => `Nodes wait for each other: ${nameCycle(graph, cycle)}`,
      () => "Remove one of these connections: a workflow has no way back.",
    );
  }
  for (const index of graph.unordered()) {
    if (inCycle.has(index)) continue;
    const id = workflow.nodes[index]?.id ?? "";
    if (graph.indexOf(id) !== index) continue;
    issues.error(
      "unreachable_node",
      ["nodes", index],
      () => `Node ${quote(id)} can never run: it waits for a cycle`,
      () => "Break the cycle.",
    );
  }
}

function nameCycle(graph: Graph, cycle: readonly number[]): string {
  const names = cycle.map((index) => graph.ids[index] ?? "");
  const shown = names.length <= 12 ? names : [...names.slice(0, 6), `(${names.length - 11} more)`, ...names.slice(-5)];
  return [...shown, names[0]].join(" -> ");
}

/** A node's definition and its parsed config; undefined where the type is unknown or the config is wrong. */
export interface CheckedNode {
  definition: NodeDefinition | undefined;
  config: unknown;
}

/** Looks up every node's type and parses its config. */
export function checkNodes(
  workflow: Workflow,
  registry: NodeRegistry,
  expressions: readonly (NodeExpressions | undefined)[],
  issues: IssueList,
  broken = NOTHING_BROKEN,
): CheckedNode[] {
  return workflow.nodes.map((node, index) => {
    // That there is no type has been reported.
    if (node.node_type === "") return { definition: undefined, config: undefined };
    const unknown = broken.brokenConfigs.has(index) ? undefined : expressions[index]?.config ?? NOTHING_UNKNOWN;
    return checkNode(node, index, unknown, registry, issues);
  });
}

/** Places in a config that only expressions will fill, wholly or in part. */
type UnknownPlaces = Pick<CompiledConfig, "holes" | "blends">;

const NOTHING_UNKNOWN: UnknownPlaces = { holes: [], blends: [] };

function checkWhole(definition: NodeDefinition, { id }: NodeSpec, index: number, config: unknown, issues: IssueList) {
  for (const { path, message, hint } of definition.check(config)) {
    const place = ["nodes", index, "config", ...path];
    issues.error("invalid_config", place, () => `Node ${quote(id)} (${definition.type}): ${message}`, () => hint);
  }
}

/** Whether a problem may go away with the value of an expression. */
function isOpen({ kind, path }: SchemaProblem, { holes, blends }: UnknownPlaces): boolean {
  if (kind === "unknown_key" || kind === "missing_key") return false;
  const isWithin = (place: Path) => path.slice(0, place.length).every((part, i) => part === place[i]);
  return holes.some(isWithin) || (kind === "wrong_value" && blends.some(isWithin));
}

function checkNode(
  node: NodeSpec,
  index: number,
  /** Undefined if the config must not be looked into. */
  unknown: UnknownPlaces | undefined,
  registry: NodeRegistry,
  issues: IssueList,
): CheckedNode {
  const definition = registry.get(node.node_type);
  if (definition === undefined) {
    issues.error(
      "unknown_node_type",
      ["nodes", index, "node_type"],
      () => `Node ${quote(node.id)} has an unknown type: ${quote(node.node_type)}`,
      () => didYouMean(node.node_type, registry.types(), "types") ?? "Run `flow nodes` to see all node types.",
    );
    return { definition, config: undefined };
  }
  if (unknown === undefined) return { definition, config: undefined };
  const parsed = parseWith(definition.config, node.config);
  if (parsed.ok) {
    checkWhole(definition, node, index, parsed.value, issues);
    return { definition, config: parsed.value };
  }
  for (const problem of parsed.problems) {
    if (isOpen(problem, unknown)) continue;
    reportProblem(issues, problem, {
      subject: `Node ${quote(node.id)} (${node.node_type})`,
      root: node.config,
      path: ["nodes", index, "config"],
      shownPath: ["config"],
      knownKeys: Object.keys(definition.config.shape),
      code: "invalid_config",
    });
  }
  return { definition, config: undefined };
}

function nameConnection(connection: Connection): string {
  return `${quote(`${connection.from_node}.${connection.from_port}`)} to ${
    quote(`${connection.to_node}.${connection.to_port}`)
  }`;
}
