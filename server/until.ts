import { FlowError } from "../engine/errors.ts";
import { buildWholeGraph, loadLanguageOf } from "../engine/language.ts";
import { didYouMean } from "../engine/suggest.ts";
import type { Workflow } from "../engine/workflow.ts";

/**
 * The part of a workflow that ends with one node: that node and all that it depends on. What it answers are the outputs
 * of that node, whatever the whole workflow declares, and its handlers do not run: they are for the whole.
 *
 * @throws {FlowError} `invalid_argument` if there is no such node
 */
export async function cutWorkflow(workflow: Workflow, until: string): Promise<Workflow> {
  await loadLanguageOf(workflow);
  const graph = buildWholeGraph(workflow);
  const last = graph.indexOf(until);
  if (last < 0) {
    throw new FlowError("invalid_argument", `Cannot run until "${until}": the workflow has no such node`, {
      hint: didYouMean(until, graph.ids, "nodes") ?? "Give the id of one of its nodes.",
    });
  }
  const kept = new Set([last]);
  for (const node of kept) for (const predecessor of graph.predecessors(node)) kept.add(predecessor);
  const isKept = (id: string) => kept.has(graph.indexOf(id));
  const { outputs: _, ...rest } = workflow;
  const { on_success: __, on_failure: ___, on_exit: ____, ...settings } = workflow.settings;
  return {
    ...rest,
    settings,
    nodes: workflow.nodes.filter(({ id }) => isKept(id)),
    connections: workflow.connections.filter(({ from_node, to_node }) => isKept(from_node) && isKept(to_node)),
  };
}
