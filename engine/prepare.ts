import type { Draft } from "./draft.ts";
import type { CompiledConfig } from "./expression_config.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { IssueList } from "./issue.ts";
import { expressionReader } from "./language.ts";
import type { NodeDefinition } from "./node.ts";
import type { NodeRegistry } from "./registry.ts";
import type { SecretGuard } from "./secret_guard.ts";
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
import type { NodeExpressions, WorkflowExpressions } from "./workflow_expressions.ts";

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
  /** What its configs use, once it is about to run; never stored. */
  readonly secrets?: SecretGuard | undefined;
}

/**
 * Checks a workflow against the node types and makes it ready to run. {@link loadLanguageOf} comes first.
 *
 * @throws {WorkflowError} `invalid_workflow` with every problem at once.
 */
export function prepareWorkflow(workflow: Workflow, registry: NodeRegistry): PreparedWorkflow {
  const issues = new IssueList();
  const { graph, expressions, checked } = checkWorkflow(workflow, registry, issues);
  issues.throwIfErrors();
  const nodes = workflow.nodes.flatMap((spec, index) => toPrepared(spec, checked[index], expressions?.nodes[index]));
  const pinned = expressions?.pinned.map((id) => graph.indexOf(id)) ?? [];
  return { workflow, graph, nodes, outputs: expressions?.outputs, pinned };
}

/** Adds to `issues` all that keeps the sound part of a document from running. */
export function checkDraft(draft: Draft, registry: NodeRegistry | undefined, issues: IssueList): void {
  checkWorkflow(draft.workflow, registry, issues, draft);
}

interface Checked {
  readonly graph: Graph;
  readonly expressions: WorkflowExpressions | undefined;
  readonly checked: readonly CheckedNode[];
}

function checkWorkflow(
  workflow: Workflow,
  registry: NodeRegistry | undefined,
  issues: IssueList,
  broken: Broken = NOTHING_BROKEN,
): Checked {
  const reader = expressionReader(workflow);
  const expressions = reader?.readExpressions(workflow, broken.brokenConfigs);
  const graph = buildGraph(
    expressions === undefined ? workflow : { ...workflow, dependencies: expressions.dependencies },
  );
  checkStructure(workflow, graph, issues, broken);
  if (expressions !== undefined) reader?.checkExpressions(workflow, registry, expressions, issues);
  if (registry === undefined) return { graph, expressions, checked: [] };
  const checked = checkNodes(workflow, registry, expressions?.nodes ?? [], issues, broken);
  checkPorts(workflow, graph, checked, issues, broken);
  return { graph, expressions, checked };
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
