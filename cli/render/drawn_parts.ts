import type { HandlerName } from "../../engine/events.ts";
import { buildGraph, type Graph } from "../../engine/graph.ts";
import { handlerAsWorkflow, handlersOf } from "../../engine/handlers.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { loadLanguage, readExpressions } from "../../engine/workflow_expressions.ts";

/** What is drawn on its own: the nodes of a workflow, or those of one of its handlers. */
export interface DrawnPart {
  readonly workflow: Workflow;
  readonly graph: Graph;
  readonly handler?: HandlerName;
}

/** The workflow itself, then its handlers in the order in which they run. */
export async function partsOf(workflow: Workflow): Promise<[DrawnPart, ...DrawnPart[]]> {
  await loadLanguage(workflow);
  const { dependencies } = readExpressions(workflow, new Set());
  const handlers = handlersOf(workflow).map((handler): DrawnPart => {
    const part = handlerAsWorkflow(workflow, handler);
    return { handler, workflow: part, graph: buildGraph(part) };
  });
  return [{ workflow, graph: buildGraph({ ...workflow, dependencies }) }, ...handlers];
}
