import { resolveInputs } from "./declared_inputs.ts";
import { type ErrorInfo, toFlowError } from "./errors.ts";
import { compileCondition } from "./expression_condition.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { Graph } from "./graph.ts";
import { type HandlerName, HANDLERS } from "./events.ts";
import { type Foresight, type KnownParts, listNeeds, resolveParts, type UnknownPart } from "./known_parts.ts";
import { showValue } from "./plain.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import { describeMisfit } from "./resolve_node.ts";
import { readEnv } from "./scope.ts";
import { foresee, type Outlook } from "./run_outlook.ts";
import type { Value, Values } from "./value.ts";
import type { MapSpec, NodeSpec, WorkflowSettings } from "./workflow.ts";
import { parseWith } from "./zod_issues.ts";

/** What is known about a node before the run. */
export interface PlannedNode extends Omit<NodeSpec, "id" | "config" | "depends_on" | "inputs" | "map" | "position"> {
  node_id: string;
  /** Ids of the nodes that it waits for. */
  after: string[];
  /** `maybe`: the run will tell. */
  action: "run" | "maybe" | "skip";
  /** Why it may not run, or will not. */
  why?: string;
  /** With the values of all expressions that are known; the others as they are written. */
  config: Values;
  unknown: UnknownPart[];
  /** What comes to its ports: from a node, or a value of its own or of the execution's inputs. */
  inputs: { port: string; from?: string; value?: Value }[];
  /** Runs once per item; `items` is the list, or how it is written if only the run can tell. */
  map?: MapSpec;
  /** Why it would fail. */
  error?: ErrorInfo;
}

/** What a run would do; nothing has been done. */
export interface RunPlan {
  workflow: { id: string; name: string };
  /** As checked, with defaults. */
  inputs: Values;
  /** Names of the inputs that are defaults. */
  defaults: string[];
  settings: WorkflowSettings;
  /** Each after those that it waits for. */
  nodes: PlannedNode[];
  /** The nodes that run when the others have ended, by when. */
  handlers: { [name in HandlerName]?: PlannedNode[] };
  /** The declared outputs, as far as they are known. */
  outputs?: Values;
  unknown_outputs: UnknownPart[];
}

/** What can be known before a run. */
interface Known extends Foresight {
  /** What comes to the ports of nodes that nothing is connected to. */
  readonly inputs: Values;
}

/**
 * Finds out all that can be known before a run with these inputs, which have been checked. `env`: the environment
 * variables; undefined if they are those of another machine.
 */
export async function planRun(
  prepared: PreparedWorkflow,
  given: Values,
  env: ((name: string) => string | undefined) | undefined,
): Promise<RunPlan> {
  const { workflow } = prepared;
  const { id, name, settings } = workflow;
  const inputs = resolveInputs(workflow.inputs, given);
  const scope: ExpressionScope = {
    inputs,
    nodes: new Map(),
    env: env === undefined ? {} : readEnv(workflow, env),
    secrets: {},
    execution: {},
    workflow: { id, name },
  };
  const roots: Foresight["roots"] = new Set(["inputs", "workflow", ...(env === undefined ? [] : ["env" as const])]);
  const outputs = workflow.outputs && await resolveParts(workflow.outputs, { scope, roots }, []);
  const handlers: RunPlan["handlers"] = {};
  for (const handler of HANDLERS) {
    const own = prepared.handlers.get(handler);
    // Inputs of the execution do not come to the ports of handlers.
    if (own !== undefined) handlers[handler] = await planNodes(own, { scope, roots, inputs: {} });
  }
  return {
    workflow: { id, name },
    inputs,
    defaults: Object.keys(inputs).filter((key) => !Object.hasOwn(given, key)),
    settings,
    nodes: await planNodes(prepared, { scope, roots, inputs }),
    handlers,
    ...(outputs === undefined ? {} : { outputs: outputs.values }),
    unknown_outputs: outputs?.unknown ?? [],
  };
}

async function planNodes(prepared: PreparedWorkflow, known: Known): Promise<PlannedNode[]> {
  const conditions = await Promise.all(prepared.nodes.map(({ spec }) => readCondition(spec.when, known)));
  const outlook = foresee(prepared, conditions);
  return await Promise.all(
    Array.from(prepared.graph.order, (index) => planNode(prepared, index, outlook[index] ?? { action: "run" }, known)),
  );
}

async function planNode(
  { nodes, graph }: PreparedWorkflow,
  index: number,
  { action, why, error: conditionError }: Outlook,
  known: Known,
): Promise<PlannedNode> {
  const node = nodes[index] as PreparedNode;
  const { id, config: written, inputs: own, map, depends_on: _, position: __, ...facts } = node.spec;
  const config = await resolveParts(written, known, ["config"]);
  const ports = await resolveParts(own ?? {}, known, ["inputs"]);
  const items = await resolveParts(map === undefined ? {} : { items: map.items }, known, ["map"]);
  const problem = conditionError ?? config.error ?? ports.error ?? items.error ?? findProblem(node, config, items);
  return {
    node_id: id,
    ...facts,
    ...(map === undefined ? {} : { map: { ...map, items: (items.values.items ?? map.items) as MapSpec["items"] } }),
    after: Array.from(graph.predecessors(index), (before) => graph.ids[before] ?? ""),
    action,
    ...(why === undefined ? {} : { why }),
    config: config.values,
    unknown: [...config.unknown, ...ports.unknown, ...items.unknown],
    inputs: listInputs(node, index, graph, { ...known.inputs, ...ports.values }, Object.keys(ports.values)),
    ...(problem === undefined || action === "skip" ? {} : { error: problem }),
  };
}

/** `own`: the ports that the document gives values to. */
function listInputs(
  { definition }: PreparedNode,
  index: number,
  graph: Graph,
  values: Values,
  own: readonly string[],
): PlannedNode["inputs"] {
  const incoming = graph.incoming(index);
  const connected = incoming.map(({ from, from_port, to_port }) => ({
    port: to_port,
    from: `${graph.ids[from]}.${from_port}`,
  }));
  const isTaken = (port: string) =>
    own.includes(port) || (incoming.length === 0 && Object.hasOwn(definition.inputs.shape, port));
  const given = Object.entries(values).filter(([port]) => isTaken(port));
  return [...connected, ...given.map(([port, value]) => ({ port, value }))];
}

function findProblem(node: PreparedNode, config: KnownParts, items: KnownParts): ErrorInfo | undefined {
  const { items: list } = items.values;
  if (items.unknown.length === 0 && list !== undefined && !Array.isArray(list)) {
    return { code: "expression_failed", message: `map.items is ${showValue(list)}, expected a list` };
  }
  if (config.unknown.length > 0) return undefined;
  const parsed = parseWith(node.definition.config, config.values);
  return parsed.ok ? undefined : describeMisfit(parsed.problems);
}

/** The condition of a node, as far as it is known. */
export interface Condition {
  text: string;
  /** Undefined: the run will tell. */
  holds?: boolean;
  needs: string[];
  error?: ErrorInfo;
}

async function readCondition(
  when: NodeSpec["when"],
  { scope, roots }: Foresight,
): Promise<Condition | undefined> {
  if (when === undefined) return undefined;
  const text = String(when);
  const condition = compileCondition(text);
  const needs = listNeeds(condition.references, roots);
  if (needs.length > 0) return { text, needs };
  try {
    return { text, needs, holds: await condition.evaluate(scope) };
  } catch (thrown) {
    return { text, needs, error: toFlowError(thrown).toInfo() };
  }
}
