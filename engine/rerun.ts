import { checkGivenInputs } from "./check_values.ts";
import { FlowError } from "./errors.ts";
import type { Graph } from "./graph.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import { selectInputs } from "./node.ts";
import { isSkipByChoice, type SkipReason } from "./events.ts";
import { checkNothingClosed, reopen } from "./reopen.ts";
import type { ExecutionState, ItemStates, NodeState, NodeStatus } from "./state.ts";
import type { ExecutionRecord } from "./store.ts";
import { suggest } from "./suggest.ts";
import { canonicalJson, type Value, type Values } from "./value.ts";
import type { Connection, NodeSpec, Workflow } from "./workflow.ts";

/** What to run again. */
export interface RerunOptions {
  /** This node and everything behind it. */
  from?: string | undefined;
  /** This node alone. */
  only?: string | undefined;
  /** Another version of the definition. */
  workflow?: Workflow | undefined;
  /** Instead of the inputs of the execution that is rerun. */
  inputs?: Values | undefined;
}

/** What is known when a rerun is planned. */
interface PlanOptions extends RerunOptions {
  /** Nodes whose outputs came from workflows that are others by now. */
  changedCalls?: ReadonlySet<string>;
}

/** What becomes of a node in a rerun. */
export interface RerunStep {
  /** Of the workflow's node. */
  node_id: string;
  /** What becomes of it. */
  action: "run" | "reuse" | "skip";
  /** In words. */
  why: string;
  /** Why a node that is left out was skipped before; it is again, for the same reason. */
  because?: SkipReason;
  /** Of a node with `map` that runs again: how many of its items need not, unless they have changed. */
  reused_items?: number;
}

/** What a rerun will do; nothing has been done yet. */
export interface RerunPlan {
  /** The execution that is rerun. */
  execution_id: string;
  /** The definition that runs. */
  workflow: Workflow;
  /** The inputs that it runs with. */
  inputs: Values;
  /** In the order of the document. */
  nodes: RerunStep[];
}

/**
 * Decides what a rerun runs again: what was asked for, what did not succeed, what has changed (definition, connections,
 * inputs, or a workflow that it called), everything behind any of these, and what opens something for one of them. The rest is reused. Without `from`
 * and `only`, items that failed count as not succeeded, and an execution of which everything succeeded runs again as a
 * whole unless the definition or the inputs are new.
 *
 * @throws {FlowError} `invalid_argument`: no such node; `only` a node whose predecessors have no outputs.
 */
export function planRerun(
  record: ExecutionRecord,
  state: ExecutionState,
  prepared: PreparedWorkflow,
  options: PlanOptions,
): RerunPlan {
  const { graph, workflow } = prepared;
  const inputs = options.inputs ?? record.inputs;
  checkGivenInputs(inputs);
  const selected = findSelected(graph, options);
  const reasons = findReasons(record, state, prepared, { ...options, inputs, selected });
  // Where nothing is new but that some nodes are gone, the others need not run.
  const isAsBefore = reasons.size === 0 && record.workflow.nodes.length === workflow.nodes.length;
  if (isAsBefore && selected === undefined) { for (const id of graph.ids) reasons.set(id, "all of it again"); }
  do spread(graph, reasons); while (reopen(graph, state, reasons));
  const nodes = graph.ids.map((node_id, index): RerunStep => {
    const why = reasons.get(node_id);
    const before = state.nodes.get(node_id);
    if (why === undefined) return { node_id, action: "reuse", why: `${before?.status ?? "succeeded"} before` };
    const isBehind = graph.predecessors(index).some((predecessor) => reasons.has(graph.ids[predecessor] ?? ""));
    const keepsItems = why === describeBefore(before) && !isBehind;
    const { count = 0, succeeded = 0 } = keepsItems ? before?.items ?? {} : {};
    if (succeeded === 0) return { node_id, action: "run", why };
    const kept = `${succeeded} of ${count} items are reused`;
    return { node_id, action: "run", why: `${why}; ${kept}`, reused_items: succeeded };
  });
  if (options.only !== undefined) restrict(graph, nodes, state, options.only);
  return { execution_id: record.execution_id, workflow, inputs, nodes };
}

function findSelected(graph: Graph, { from, only }: RerunOptions): string | undefined {
  if (from !== undefined && only !== undefined) {
    throw new FlowError("invalid_argument", "Cannot rerun both from a node and only a node", {
      hint: "Give either --from or --only.",
    });
  }
  const selected = from ?? only;
  if (selected === undefined || graph.indexOf(selected) >= 0) return selected;
  const suggestion = suggest(selected, graph.ids);
  throw new FlowError("invalid_argument", `No node has the id "${selected}"`, {
    hint: suggestion === undefined
      ? `The nodes are: ${graph.ids.slice(0, 20).join(", ")}.`
      : `Did you mean "${suggestion}"?`,
  });
}

const BEFORE: Readonly<Record<NodeStatus, string>> = {
  succeeded: "succeeded before",
  waiting: "never ran",
  running: "was cut off",
  retrying: "was cut off",
  failed: "failed before",
  cancelled: "cancelled before",
  skipped: "skipped before",
};

const CHANGED_CALL = "what it calls has changed";

/** The nodes that have a reason of their own to run again. */
function findReasons(
  record: ExecutionRecord,
  state: ExecutionState,
  { graph, nodes, workflow }: PreparedWorkflow,
  { inputs, selected, changedCalls }: Pick<PlanOptions, "changedCalls"> & {
    inputs: Values;
    selected?: string | undefined;
  },
): Map<string, string> {
  const reasons = new Map<string, string>();
  const before = describeNodes(record.workflow);
  const after = describeNodes(workflow);
  for (const [index, prepared] of nodes.entries()) {
    const { spec } = prepared;
    const node = state.nodes.get(spec.id);
    const isRoot = graph.incoming(index).length === 0;
    const read = (values: Values) => canonicalJson(readsOf(prepared, isRoot, values));
    if (spec.id === selected) reasons.set(spec.id, "selected");
    else if (!before.has(spec.id)) reasons.set(spec.id, "new");
    else if (before.get(spec.id) !== after.get(spec.id)) reasons.set(spec.id, "definition changed");
    else if (read(inputs) !== read(record.inputs)) reasons.set(spec.id, "inputs changed");
    else if (changedCalls?.has(spec.id)) reasons.set(spec.id, CHANGED_CALL);
    else if (!isSettled(node) && (selected !== undefined || state.status !== "succeeded")) {
      reasons.set(spec.id, describeBefore(node));
    } else if (selected === undefined && hasFailedItems(node)) reasons.set(spec.id, describeBefore(node));
  }
  return reasons;
}

function describeBefore(node: NodeState | undefined): string {
  if (!hasFailedItems(node)) return BEFORE[node?.status ?? "waiting"];
  return node.items.failed === 1 ? "1 item failed before" : `${node.items.failed} items failed before`;
}

/** Whether a node succeeded although some of its items did not. */
function hasFailedItems(node: NodeState | undefined): node is NodeState & { items: ItemStates } {
  return node?.status === "succeeded" && (node.items?.failed ?? 0) > 0;
}

/** What a node takes from the inputs of the execution: on its ports if it is a root, and in its expressions. */
function readsOf({ definition, expressions }: PreparedNode, isRoot: boolean, inputs: Values): Value {
  const ports = isRoot ? selectInputs(definition.inputs, inputs) : {};
  const named = (expressions?.references ?? []).filter(({ root }) => root === "inputs").map(
    ({ names: [input] }): Value => {
      if (input === undefined) return [inputs];
      return Object.hasOwn(inputs, input.name) ? [inputs[input.name] ?? null] : [];
    },
  );
  return [ports, named];
}

/** Whether a rerun would come to the same: it succeeded, or was skipped because the document says so. */
function isSettled(node: NodeState | undefined): boolean {
  return node?.status === "succeeded" || (node?.because !== undefined && isSkipByChoice(node.because));
}

/** For each node, all that its outputs depend on besides its predecessors' outputs. */
function describeNodes(workflow: Workflow): Map<string, string> {
  const incoming = new Map<string, Connection[]>();
  for (const connection of workflow.connections) {
    const known = incoming.get(connection.to_node);
    if (known === undefined) incoming.set(connection.to_node, [connection]);
    else known.push(connection);
  }
  const describe = ({ id, node_type, config, depends_on, run_if, when, continue_on_error, ...rest }: NodeSpec) => {
    const edges = (incoming.get(id) ?? []).map(({ from_node, from_port, to_port }) => [from_node, from_port, to_port]);
    const order = [depends_on ?? [], run_if ?? "success", when ?? true, continue_on_error ?? false];
    const { inputs = {}, map = null, repeat = null } = rest;
    // How many items run at a time changes nothing in what comes of them.
    const runs = [map === null ? null : { ...map, max_parallel: 0 }, repeat];
    return canonicalJson([node_type, config, edges, order, inputs, runs] as Value);
  };
  return new Map(workflow.nodes.map((spec) => [spec.id, describe(spec)]));
}

/** Everything behind a node that runs again runs again too. */
function spread(graph: Graph, reasons: Map<string, string>): void {
  for (const node of graph.order) {
    const id = graph.ids[node] ?? "";
    if (!reasons.has(id)) continue;
    for (const successor of graph.successors(node)) {
      const name = graph.ids[successor] ?? "";
      if (!reasons.has(name)) reasons.set(name, `behind "${id}"`);
    }
  }
}

/** Leaves everything out but `only`, whose predecessors must have outputs to reuse. */
function restrict(graph: Graph, nodes: RerunStep[], state: ExecutionState, only: string): void {
  for (const predecessor of graph.predecessors(graph.indexOf(only))) {
    const id = graph.ids[predecessor] ?? "";
    if (isSettled(state.nodes.get(id))) continue;
    throw new FlowError("invalid_argument", `Cannot rerun only "${only}": "${id}" before it has no outputs to reuse`, {
      hint: `Use --from "${id}" instead.`,
    });
  }
  checkNothingClosed(graph, state, only);
  for (const step of nodes) {
    if (step.node_id === only) continue;
    const node = state.nodes.get(step.node_id);
    const isOutdated = step.why === CHANGED_CALL;
    const because = node?.because !== undefined && isSkipByChoice(node.because) ? node.because : undefined;
    step.action = node?.status === "succeeded" ? "reuse" : "skip";
    step.why = because === undefined && step.action === "skip" ? "not selected" : `${node?.status} before`;
    if (because !== undefined) step.because = because;
    if (isOutdated) step.why += `, though ${CHANGED_CALL}`;
  }
}
