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
    env: workflow.settings.env ?? [],
    secrets: "any",
    hasItem: false,
    execution: ["id", "started_at"],
    workflow: ["id", "name"],
  };
}

/** Secrets are there only where their values go no further than the node; conditions and outputs are history. */
const OUTSIDE_CONFIG = { hasAttempt: false, hasSecrets: false } as const;

/** Adds all that is wrong with the expressions of one node, and what is dangerous about them. */
export function checkNodeExpressions(
  workflow: Workflow,
  index: number,
  { config, when }: NodeExpressions,
  known: KnownNames,
  registry: NodeRegistry | undefined,
  issues: IssueList,
): void {
  const node = workflow.nodes[index];
  if (node === undefined) return;
  const { id } = node;
  const subject = `Node ${quote(id)}`;
  for (const problem of config?.check(known) ?? []) report(problem, subject, ["nodes", index, "config"], issues);
  for (const problem of when?.check({ ...known, ...OUTSIDE_CONFIG }) ?? []) {
    report({ ...problem, path: [] }, subject, ["nodes", index, "when"], issues);
  }
  warn(node, index, config, registry, issues);
  if (!referencedNodes(config, when).includes(id)) return;
  issues.error(
    "self_loop",
    ["nodes", index],
    () => `${subject} refers to itself: it would wait for its own end`,
    () => "Refer to another node.",
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
