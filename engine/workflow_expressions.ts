import { checkNodeExpressions, checkOutputs, knownNames } from "./check_expressions.ts";
import { compileCondition, type CompiledCondition } from "./expression_condition.ts";
import { compileConfig, type CompiledConfig, loadLanguageFor } from "./expression_config.ts";
import type { Reference } from "./expression_reference.ts";
import type { Dependency } from "./graph.ts";
import type { IssueList } from "./issue.ts";
import type { NodeRegistry } from "./registry.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** The expressions of a node, read. */
export interface NodeExpressions {
  readonly config: CompiledConfig | undefined;
  readonly when: CompiledCondition | undefined;
}

/** The expressions of a workflow, read. */
export interface WorkflowExpressions {
  /** By node index. */
  readonly nodes: readonly (NodeExpressions | undefined)[];
  /** The declared outputs. */
  readonly outputs: CompiledConfig | undefined;
  /** A node waits for those that it refers to. */
  readonly dependencies: readonly Dependency[];
  /** Ids of the nodes that the declared outputs refer to. */
  readonly pinned: readonly string[];
}

/** Loads JSONata if one of the expressions is more than a plain path. */
export async function loadLanguage({ nodes, outputs }: Workflow): Promise<void> {
  const conditions = nodes.flatMap(({ when }) => typeof when === "string" ? [when] : []);
  await loadLanguageFor([outputs, nodes.map(({ config }) => config)], conditions);
}

/** Reads all expressions, but for configs that are broken anyway. Never throws for what is written there. */
export function readExpressions(workflow: Workflow, brokenConfigs: ReadonlySet<number>): WorkflowExpressions {
  const nodes = workflow.nodes.map((spec, index) => brokenConfigs.has(index) ? undefined : readNode(spec));
  const outputs = workflow.outputs === undefined ? undefined : compileConfig(workflow.outputs);
  return { nodes, outputs, dependencies: listDependencies(workflow, nodes), pinned: referencedNodes(outputs) };
}

function readNode({ config, when }: NodeSpec): NodeExpressions | undefined {
  const compiled = compileConfig(config);
  const condition = when === undefined ? undefined : compileCondition(String(when));
  return compiled === undefined && condition === undefined ? undefined : { config: compiled, when: condition };
}

function listDependencies(workflow: Workflow, nodes: WorkflowExpressions["nodes"]): Dependency[] {
  return nodes.flatMap((own, index) => {
    const to_node = workflow.nodes[index]?.id ?? "";
    const ids = referencedNodes(own?.config, own?.when).filter((id) => id !== to_node);
    return ids.map((from_node) => ({ from_node, to_node }));
  });
}

/** Adds all that is wrong with the expressions of a workflow. */
export function checkExpressions(
  workflow: Workflow,
  registry: NodeRegistry | undefined,
  { nodes, outputs }: WorkflowExpressions,
  issues: IssueList,
): void {
  const known = knownNames(workflow, registry);
  for (const [index, own] of nodes.entries()) {
    if (own !== undefined) checkNodeExpressions(workflow, index, own, known, registry, issues);
  }
  checkOutputs(outputs, known, issues);
}

/** The ids of the nodes that are referred to, each once. */
export function referencedNodes(...sources: ({ readonly references: readonly Reference[] } | undefined)[]): string[] {
  const ids = new Set<string>();
  for (const source of sources) {
    for (const { root, names } of source?.references ?? []) {
      const [id] = names;
      if (root === "nodes" && id !== undefined) ids.add(id.name);
    }
  }
  return [...ids];
}
