import { HANDLERS } from "./events.ts";
import type { KnownNames } from "./expression_check.ts";
import type { PlacedProblem } from "./expression_problem.ts";
import type { IssueList, Path } from "./issue.ts";
import { type NodeExpressions, referencedNodes } from "./workflow_expressions.ts";
import { quote } from "./plain.ts";
import type { NodeRegistry } from "./registry.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";
import type { CompiledConfig } from "./expression_config.ts";

/** The names that the expressions of a workflow may use. Without a registry every port is taken to be there. */
export function knownNames(workflow: Workflow, registry: NodeRegistry | undefined): KnownNames {
  const types = new Map(workflow.nodes.map(({ id, node_type }) => [id, node_type]));
  const portsOf = (id: string) => {
    const ports = registry?.get(types.get(id) ?? "")?.outputs;
    return { outputs: ports === undefined || ports.open ? "any" as const : Object.keys(ports.shape) };
  };
  return {
    inputs: workflow.inputs === undefined ? "any" : Object.keys(workflow.inputs),
    nodes: { get: (id) => types.has(id) ? portsOf(id) : undefined, keys: () => types.keys() },
    handlerOf: (id) => HANDLERS.find((name) => workflow.settings[name]?.some((node) => node.id === id)),
    env: workflow.settings.env ?? [],
    secrets: "any",
    hasItem: false,
    execution: ["id", "started_at"],
    workflow: ["id", "name"],
  };
}

/** The names that the expressions of a handler may use: the execution has a result by then. */
export function knownNamesInHandler(
  handler: Workflow,
  whole: Workflow,
  registry: NodeRegistry | undefined,
): KnownNames {
  return {
    ...knownNames({ ...whole, nodes: [...whole.nodes, ...handler.nodes] }, registry),
    execution: ["id", "started_at", "status", "error", "duration_ms", "outputs"],
  };
}

/** Secrets are there only where their values go no further than the node; conditions and outputs are history. */
const OUTSIDE_CONFIG = { hasAttempt: false, hasSecrets: false } as const;

/** Adds all that is wrong with the expressions of one node, and what is dangerous about them. */
export function checkNodeExpressions(
  workflow: Workflow,
  index: number,
  own: NodeExpressions,
  names: KnownNames,
  registry: NodeRegistry | undefined,
  issues: IssueList,
): void {
  const node = workflow.nodes[index];
  if (node === undefined) return;
  const subject = `Node ${quote(node.id)}`;
  const base = ["nodes", index];
  const known = { ...names, hasItem: node.map !== undefined };
  const whole = { ...names, ...OUTSIDE_CONFIG };
  for (const problem of own.config?.check(known) ?? []) report(problem, subject, [...base, "config"], issues);
  for (const problem of own.inputs?.check(known) ?? []) report(problem, subject, [...base, "inputs"], issues);
  for (const problem of own.when?.check(whole) ?? []) {
    report({ ...problem, path: [] }, subject, [...base, "when"], issues);
  }
  for (const problem of own.items?.check(whole) ?? []) report(problem, subject, [...base, "map"], issues);
  for (const problem of own.until?.check({ ...known, hasSecrets: false, outputs: outputsOf(node, registry) }) ?? []) {
    report({ ...problem, path: [] }, subject, [...base, "repeat", "until"], issues);
  }
  if (typeof node.map?.items === "string" && !isWhole(own.items)) reportItems(subject, base, issues);
  warn(node, index, own.config, registry, issues);
  if (!referencedNodes(own).includes(node.id)) return;
  issues.error(
    "self_loop",
    base,
    () => `${subject} refers to itself: it would wait for its own end`,
    () => own.until === undefined ? "Refer to another node." : "Refer to another node, or to `outputs` in until.",
  );
}

function outputsOf({ node_type }: NodeSpec, registry: NodeRegistry | undefined): readonly string[] | "any" {
  const ports = registry?.get(node_type)?.outputs;
  return ports === undefined || ports.open ? "any" : Object.keys(ports.shape);
}

/** Whether a config with one string in it yields whatever the expression there yields. */
function isWhole(config: CompiledConfig | undefined): boolean {
  return config !== undefined && config.holes.length > 0;
}

function reportItems(subject: string, base: Path, issues: IssueList): void {
  issues.error(
    "wrong_type",
    [...base, "map", "items"],
    () => `${subject}: map.items is text, expected a list, or an expression that yields one`,
    () => "Write it like ${{ inputs.files }}.",
  );
}

function warn(
  node: NodeSpec,
  index: number,
  config: CompiledConfig | undefined,
  registry: NodeRegistry | undefined,
  issues: IssueList,
): void {
  const interpolated = config?.references.filter((reference) => reference.isInterpolated).map(({ path }) => path) ?? [];
  if (interpolated.length === 0) return;
  for (const { path, message, hint } of registry?.get(node.node_type)?.warn(node.config, interpolated) ?? []) {
    const place = ["nodes", index, "config", ...path];
    issues.warning("unsafe_expression", place, () => `Node ${quote(node.id)}: ${message}`, () => hint);
  }
}

/** Adds all that is wrong with the declared outputs of a workflow. */
export function checkOutputs(outputs: CompiledConfig | undefined, known: KnownNames, issues: IssueList): void {
  for (const problem of outputs?.check({ ...known, ...OUTSIDE_CONFIG }) ?? []) {
    report(problem, `Output ${quote(String(problem.path[0] ?? ""))}`, ["outputs"], issues);
  }
}

function report(problem: PlacedProblem, subject: string, base: Path, issues: IssueList): void {
  const { code, message, hint, path } = problem;
  issues.error(code, [...base, ...path], () => `${subject}: ${message}`, () => hint);
}
