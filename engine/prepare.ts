import { buildGraph, type Graph } from "./graph.ts";
import { IssueList } from "./issue.ts";
import type { NodeDefinition } from "./node.ts";
import type { NodeRegistry } from "./registry.ts";
import { checkNodes, checkPorts, checkStructure } from "./validate.ts";
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
  const prepared = checkWorkflow(workflow, registry, issues);
  issues.throwIfErrors();
  return prepared;
}

/** Adds to `issues` all that keeps `workflow` from running; the answer is of use only if there was nothing. */
export function checkWorkflow(workflow: Workflow, registry: NodeRegistry, issues: IssueList): PreparedWorkflow {
  const graph = buildGraph(workflow);
  checkStructure(workflow, graph, issues);
  const checked = checkNodes(workflow, registry, issues);
  checkPorts(workflow, graph, checked, issues);
  const nodes: PreparedNode[] = [];
  for (const [index, spec] of workflow.nodes.entries()) {
    const { definition, config } = checked[index] ?? {};
    if (definition !== undefined) nodes.push({ spec, definition, config });
  }
  return { workflow, graph, nodes };
}
