import { checkNodeExpressions, checkOutputs, knownNames, knownNamesInHandler } from "./check_expressions.ts";
import { compileCondition, type CompiledCondition } from "./expression_condition.ts";
import { compileConfig, type CompiledConfig, loadLanguageFor } from "./expression_config.ts";
import type { Reference } from "./expression_reference.ts";
import type { Dependency } from "./graph.ts";
import { everyNode } from "./handlers.ts";
import type { IssueList } from "./issue.ts";
import type { NodeRegistry } from "./registry.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** The expressions of a node, read. */
export interface NodeExpressions {
  readonly config: CompiledConfig | undefined;
  /** Of the values for its ports. */
  readonly inputs: CompiledConfig | undefined;
  readonly when: CompiledCondition | undefined;
  /** What it runs for, under the name `items`. */
  readonly items: CompiledConfig | undefined;
  /** When it has run often enough. */
  readonly until: CompiledCondition | undefined;
  /** All that any of these refers to. */
  readonly references: readonly Reference[];
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
  /** Ids of the nodes that any of the nodes refers to. */
  readonly referenced: readonly string[];
  /** All that any of them refers to. */
  listReferences(): Reference[];
}

/** Loads JSONata if one of the expressions is more than a plain path. */
export async function loadLanguage(workflow: Workflow): Promise<void> {
  const nodes = everyNode(workflow);
  const conditions = nodes.flatMap(({ when, repeat }) => [when, repeat?.until]);
  const documents = nodes.map(({ config, inputs, map }) => [config, inputs, map?.items]);
  await loadLanguageFor([workflow.outputs, documents], conditions.filter((text) => text !== undefined).map(String));
}

/** Reads all expressions, but for configs that are broken anyway. Never throws for what is written there. */
export function readExpressions(workflow: Workflow, brokenConfigs: ReadonlySet<number>): WorkflowExpressions {
  const nodes = workflow.nodes.map((spec, index) => brokenConfigs.has(index) ? undefined : readNode(spec));
  const outputs = workflow.outputs === undefined ? undefined : compileConfig(workflow.outputs);
  const dependencies = listDependencies(workflow, nodes);
  const referenced = [...new Set(dependencies.map(({ from_node }) => from_node))];
  const listReferences = () => [...nodes, outputs].flatMap((part) => part?.references ?? []);
  return { nodes, outputs, dependencies, pinned: referencedNodes(outputs), referenced, listReferences };
}

function readNode({ config, inputs, when, map, repeat }: NodeSpec): NodeExpressions | undefined {
  const read = {
    config: compileConfig(config),
    inputs: inputs === undefined ? undefined : compileConfig(inputs),
    when: when === undefined ? undefined : compileCondition(String(when)),
    items: map === undefined ? undefined : compileConfig({ items: map.items }),
    until: repeat === undefined ? undefined : compileCondition(repeat.until),
  };
  const parts = Object.values(read).filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : { ...read, references: parts.flatMap(({ references }) => references) };
}

function listDependencies(workflow: Workflow, nodes: WorkflowExpressions["nodes"]): Dependency[] {
  return nodes.flatMap((own, index) => {
    const to_node = workflow.nodes[index]?.id ?? "";
    const ids = referencedNodes(own).filter((id) => id !== to_node);
    return ids.map((from_node) => ({ from_node, to_node }));
  });
}

/** Adds all that is wrong with the expressions of a workflow. */
export function checkExpressions(
  workflow: Workflow,
  /** What its nodes may refer to: itself, but for handlers. */
  whole: Workflow,
  registry: NodeRegistry | undefined,
  { nodes, outputs }: WorkflowExpressions,
  issues: IssueList,
): void {
  const known = workflow === whole ? knownNames(workflow, registry) : knownNamesInHandler(workflow, whole, registry);
  for (const [index, own] of nodes.entries()) {
    if (own !== undefined) checkNodeExpressions(workflow, index, own, known, registry, issues);
  }
  checkOutputs(outputs, known, issues);
}

/** The ids of the nodes that are referred to, each once. */
export function referencedNodes(source: { readonly references: readonly Reference[] } | undefined): string[] {
  const ids = new Set<string>();
  for (const { root, names: [id] } of source?.references ?? []) {
    if (root === "nodes" && id !== undefined) ids.add(id.name);
  }
  return [...ids];
}
