import { checkNodeExpressions, checkOutputs, knownNames } from "./check_expressions.ts";
import type { Draft } from "./draft.ts";
import { compileConfig, type CompiledConfig } from "./expression_config.ts";
import { hasTemplates } from "./expression_place.ts";
import { buildGraph, type Dependency, type Graph } from "./graph.ts";
import { IssueList } from "./issue.ts";
import type { NodeDefinition } from "./node.ts";
import { type NodeExpressions, readNodeExpressions, referencedNodes } from "./node_expressions.ts";
import type { NodeRegistry } from "./registry.ts";
import {
  type Broken,
  type CheckedNode,
  checkNodes,
  checkPorts,
  checkStructure,
  NOTHING_BROKEN,
  requiredPorts,
} from "./validate.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** A node with its implementation and its parsed config. */
export interface PreparedNode {
  readonly spec: NodeSpec;
  readonly definition: NodeDefinition;
  /** As the definition's schema parsed it, defaults filled in; unknown before an attempt if there are expressions. */
  readonly config: unknown;
  /** The inputs without which the node cannot run. */
  readonly required: readonly string[];
  readonly expressions?: NodeExpressions | undefined;
}

/** A workflow that is known to fit a registry; `nodes` is in the order of `workflow.nodes` and of the graph's indexes. */
export interface PreparedWorkflow {
  readonly workflow: Workflow;
  readonly graph: Graph;
  readonly nodes: readonly PreparedNode[];
  /** The declared outputs, if there are some. */
  readonly outputs: CompiledConfig | undefined;
  /** Indexes of the nodes that the declared outputs refer to. */
  readonly pinned: readonly number[];
}

/**
 * Checks a workflow against the node types and makes it ready to run. {@link loadLanguageOf} comes first.
 *
 * @throws {WorkflowError} `invalid_workflow` with every problem at once.
 */
export function prepareWorkflow(workflow: Workflow, registry: NodeRegistry): PreparedWorkflow {
  const issues = new IssueList();
  const { graph, expressions, outputs, checked } = checkWorkflow(workflow, registry, issues);
  issues.throwIfErrors();
  const nodes = workflow.nodes.flatMap((spec, index) => toPrepared(spec, checked[index], expressions[index]));
  return { workflow, graph, nodes, outputs, pinned: referencedNodes(outputs).map((id) => graph.indexOf(id)) };
}

/** Adds to `issues` all that keeps the sound part of a document from running. */
export function checkDraft(draft: Draft, registry: NodeRegistry | undefined, issues: IssueList): void {
  checkWorkflow(draft.workflow, registry, issues, draft);
}

interface Checked {
  readonly graph: Graph;
  readonly expressions: readonly (NodeExpressions | undefined)[];
  readonly outputs: CompiledConfig | undefined;
  readonly checked: readonly CheckedNode[];
}

function checkWorkflow(
  workflow: Workflow,
  registry: NodeRegistry | undefined,
  issues: IssueList,
  broken: Broken = NOTHING_BROKEN,
): Checked {
  const expressions = workflow.nodes.map((spec, index) => {
    return broken.brokenConfigs.has(index) ? undefined : readNodeExpressions(spec);
  });
  const outputs = hasTemplates(workflow.outputs) ? compileConfig(workflow.outputs ?? {}) : undefined;
  const graph = buildGraph({ ...workflow, dependencies: listReferences(workflow, expressions) });
  checkStructure(workflow, graph, issues, broken);
  checkExpressions(workflow, registry, expressions, outputs, issues);
  if (registry === undefined) return { graph, expressions, outputs, checked: [] };
  const checked = checkNodes(workflow, registry, expressions, issues, broken);
  checkPorts(workflow, graph, checked, issues, broken);
  return { graph, expressions, outputs, checked };
}

/** A node waits for those that it refers to. */
function listReferences(workflow: Workflow, expressions: readonly (NodeExpressions | undefined)[]): Dependency[] {
  return expressions.flatMap((own, index) => {
    const to_node = workflow.nodes[index]?.id ?? "";
    const ids = own === undefined ? [] : referencedNodes(own.config, own.when);
    return ids.filter((id) => id !== to_node).map((from_node) => ({ from_node, to_node }));
  });
}

function checkExpressions(
  workflow: Workflow,
  registry: NodeRegistry | undefined,
  expressions: readonly (NodeExpressions | undefined)[],
  outputs: CompiledConfig | undefined,
  issues: IssueList,
): void {
  const known = knownNames(workflow, registry);
  for (const [index, own] of expressions.entries()) {
    if (own !== undefined) checkNodeExpressions(workflow, index, own, known, registry, issues);
  }
  checkOutputs(outputs, known, issues);
}

function toPrepared(
  spec: NodeSpec,
  node: CheckedNode | undefined,
  expressions: NodeExpressions | undefined,
): PreparedNode[] {
  const { definition, config } = node ?? {};
  if (definition === undefined) return [];
  return [{ spec, definition, config, required: requiredPorts(definition.inputs), expressions }];
}
