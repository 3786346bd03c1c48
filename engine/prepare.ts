import type { Draft } from "./draft.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { IssueList } from "./issue.ts";
import type { NodeDefinition } from "./node.ts";
import type { NodeRegistry } from "./registry.ts";
import { type Broken, type CheckedNode, checkNodes, checkPorts, checkStructure, NOTHING_BROKEN } from "./validate.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** A node with its implementation and its parsed config. */
export interface PreparedNode {
  readonly spec: NodeSpec;
  readonly definition: NodeDefinition;
  /** As the definition's schema parsed it, defaults filled in. */
  readonly config: unknown;
}

/** A workflow that is known to fit a registry; `nodes` is in the order of `workflow.nodes` and of the graph's indexes. */
export interface PreparedWorkflow {
  readonly workflow: Workflow;
  readonly graph: Graph;
  readonly nodes: readonly PreparedNode[];
}

/**
 * Checks a workflow against the node types and makes it ready to run.
 *
 * @throws {WorkflowError} `invalid_workflow` with every problem at once.
 */
export function prepareWorkflow(workflow: Workflow, registry: NodeRegistry): PreparedWorkflow {
  const issues = new IssueList();
  const graph = buildGraph(workflow);
  const checked = checkWorkflow(workflow, graph, registry, issues);
  issues.throwIfErrors();
  return { workflow, graph, nodes: workflow.nodes.flatMap((spec, index) => toPrepared(spec, checked[index])) };
}

/** Adds to `issues` all that keeps the sound part of a document from running. */
export function checkDraft(draft: Draft, registry: NodeRegistry | undefined, issues: IssueList): void {
  checkWorkflow(draft.workflow, buildGraph(draft.workflow), registry, issues, draft);
}

function checkWorkflow(
  workflow: Workflow,
  graph: Graph,
  registry: NodeRegistry | undefined,
  issues: IssueList,
  broken: Broken = NOTHING_BROKEN,
): CheckedNode[] {
  checkStructure(workflow, graph, issues, broken);
  if (registry === undefined) return [];
  const checked = checkNodes(workflow, registry, issues, broken);
  checkPorts(workflow, graph, checked, issues, broken);
  return checked;
}

function toPrepared(spec: NodeSpec, node: CheckedNode | undefined): PreparedNode[] {
  return node?.definition === undefined ? [] : [{ spec, definition: node.definition, config: node.config }];
}
