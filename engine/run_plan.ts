import { resolveInputs } from "./declared_inputs.ts";
import { type ErrorInfo, toFlowError } from "./errors.ts";
import { compileCondition } from "./expression_condition.ts";
import { compileConfig, type CompiledConfig } from "./expression_config.ts";
import { findTemplates } from "./expression_place.ts";
import type { Reference } from "./expression_reference.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { Graph } from "./graph.ts";
import { formatPath, type Path } from "./issue.ts";
import { isPlainObject, setOwn } from "./plain.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import { readEnv } from "./scope.ts";
import { foresee, type Outlook } from "./run_outlook.ts";
import type { Value, Values } from "./value.ts";
import type { NodeSpec, WorkflowSettings } from "./workflow.ts";
import { parseWith } from "./zod_issues.ts";

/** An expression whose value only the run can tell. */
export interface UnknownPart {
  /** Where it stands, such as `config.url`. */
  path: string;
  /** What has to be there first: `nodes.fetch`, `secrets.TOKEN`, `attempt` ... */
  needs: string[];
}

/** What is known about a node before the run. */
export interface PlannedNode extends Omit<NodeSpec, "id" | "config" | "depends_on" | "inputs" | "position"> {
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
  /** What comes to its ports: from a node, or a value of the execution's inputs. */
  inputs: { port: string; from?: string; value?: Value }[];
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
  /** The declared outputs, as far as they are known. */
  outputs?: Values;
  unknown_outputs: UnknownPart[];
}

/** What can be known before a run. */
interface Known {
  readonly scope: ExpressionScope;
  readonly given: Values;
}

/** Finds out all that can be known before a run with these inputs, which have been checked. */
export async function planRun(
  prepared: PreparedWorkflow,
  given: Values,
  env: (name: string) => string | undefined,
): Promise<RunPlan> {
  const { workflow, graph } = prepared;
  const inputs = resolveInputs(workflow.inputs, given);
  const scope: ExpressionScope = {
    inputs,
    nodes: new Map(),
    env: readEnv(workflow, env),
    secrets: {},
    execution: {},
    workflow: { id: workflow.id, name: workflow.name },
  };
  const conditions = await Promise.all(prepared.nodes.map(({ spec }) => readCondition(spec.when, scope)));
  const outlook = foresee(prepared, conditions);
  const nodes = await Promise.all(
    Array.from(graph.order, (index) => planNode(prepared, index, outlook, { scope, given: inputs })),
  );
  const outputs = workflow.outputs === undefined ? undefined : await resolveParts(workflow.outputs, scope, []);
  return {
    workflow: { id: workflow.id, name: workflow.name },
    inputs,
    defaults: Object.keys(inputs).filter((name) => !Object.hasOwn(given, name)),
    settings: workflow.settings,
    nodes,
    ...(outputs === undefined ? {} : { outputs: outputs.values }),
    unknown_outputs: outputs?.unknown ?? [],
  };
}

async function planNode(
  { nodes, graph }: PreparedWorkflow,
  index: number,
  outlook: readonly Outlook[],
  known: Known,
): Promise<PlannedNode> {
  const node = nodes[index] as PreparedNode;
  const { id, config: written, depends_on: _, position: __, ...facts } = node.spec;
  const { values, unknown, error } = await resolveParts(written, known.scope, ["config"]);
  const { action, why, error: conditionError }: Outlook = outlook[index] ?? { action: "run" };
  const problem = conditionError ?? error ?? (unknown.length === 0 ? findMisfit(node, values) : undefined);
  return {
    node_id: id,
    ...facts,
    after: Array.from(graph.predecessors(index), (before) => graph.ids[before] ?? ""),
    action,
    ...(why === undefined ? {} : { why }),
    config: values,
    unknown,
    inputs: listInputs(node, index, graph, known.given),
    ...(problem === undefined || action === "skip" ? {} : { error: problem }),
  };
}

function listInputs({ definition }: PreparedNode, index: number, graph: Graph, given: Values): PlannedNode["inputs"] {
  const incoming = graph.incoming(index);
  if (incoming.length > 0) {
    return incoming.map(({ from, from_port, to_port }) => ({ port: to_port, from: `${graph.ids[from]}.${from_port}` }));
  }
  const ports = Object.entries(given).filter(([name]) => Object.hasOwn(definition.inputs.shape, name));
  return ports.map(([port, value]) => ({ port, value }));
}

/** Why a config whose expressions are all known does not fit its node type. */
function findMisfit({ definition }: PreparedNode, config: Values): ErrorInfo | undefined {
  const parsed = parseWith(definition.config, config);
  if (parsed.ok) return undefined;
  const [problem] = parsed.problems;
  const place = formatPath(["config", ...problem?.path ?? []]);
  return {
    code: "invalid_config",
    message: `${place}: ${problem?.complaint ?? "wrong value"}`,
    hint: "Check what the expression there yields.",
  };
}

/** The condition of a node, as far as it is known. */
export interface Condition {
  text: string;
  /** Undefined: the run will tell. */
  holds?: boolean;
  needs: string[];
  error?: ErrorInfo;
}

async function readCondition(when: NodeSpec["when"], scope: ExpressionScope): Promise<Condition | undefined> {
  if (when === undefined) return undefined;
  const text = String(when);
  const condition = compileCondition(text);
  const needs = listNeeds(condition.references);
  if (needs.length > 0) return { text, needs };
  try {
    return { text, needs, holds: await condition.evaluate(scope) };
  } catch (thrown) {
    return { text, needs, error: toFlowError(thrown).toInfo() };
  }
}

/** Values with each of their expressions evaluated on its own, if it can be. */
async function resolveParts(
  values: Values,
  scope: ExpressionScope,
  base: Path,
): Promise<{ values: Values; unknown: UnknownPart[]; error?: ErrorInfo }> {
  const resolved = structuredClone(values);
  const unknown: UnknownPart[] = [];
  let error: ErrorInfo | undefined;
  for (const { path, text } of findTemplates(values)) {
    const part = compileConfig({ value: text });
    const needs = listNeeds(part?.references ?? []);
    if (needs.length > 0 || part === undefined) unknown.push({ path: formatPath([...base, ...path]), needs });
    else {
      const outcome = await evaluatePart(part, scope, [...base, ...path]);
      if ("error" in outcome) error ??= outcome.error;
      else setAt(resolved, path, outcome.value);
    }
  }
  return { values: resolved, unknown, ...(error === undefined ? {} : { error }) };
}

async function evaluatePart(
  part: CompiledConfig,
  scope: ExpressionScope,
  path: Path,
): Promise<{ value: Value } | { error: ErrorInfo }> {
  try {
    const { value = null } = await part.evaluate(scope);
    return { value };
  } catch (thrown) {
    const info = toFlowError(thrown).toInfo();
    return { error: { ...info, message: info.message.replace(/^value\b/, formatPath(path)) } };
  }
}

function setAt(root: Values, path: Path, value: Value): void {
  const last = path.at(-1);
  let container: Value | undefined = root;
  for (const part of path.slice(0, -1)) container = (container as Record<string | number, Value>)[part];
  if (last === undefined || container === undefined) return;
  if (Array.isArray(container)) container[Number(last)] = value;
  else if (isPlainObject(container)) setOwn(container as Values, String(last), value);
}

/** What an expression refers to that is not there before the run; each once. */
function listNeeds(references: readonly Reference[]): string[] {
  const needs = references.flatMap(({ root, names: [name] }) => {
    if (root === "inputs" || root === "env" || root === "workflow") return [];
    return [root === "nodes" || root === "secrets" ? formatPath([root, name?.name ?? ""]) : root];
  });
  return [...new Set(needs)];
}
