import { FlowError } from "./errors.ts";
import type { Graph } from "./graph.ts";
import type { ExecutionState } from "./state.ts";

/**
 * What a node has opened for its execution was closed with it, so its outputs are of no use to anything that runs again:
 * gives each such node a reason to run again, too. Answers whether there were any.
 */
export function reopen(graph: Graph, state: ExecutionState, reasons: Map<string, string>): boolean {
  const closed = findOpeners(state).filter((id) => !reasons.has(id) && isAhead(graph, id, (next) => reasons.has(next)));
  for (const id of closed) reasons.set(id, "what it had opened is closed");
  return closed.length > 0;
}

/** @throws {FlowError} `invalid_argument` if `only` cannot run without something that is closed */
export function checkNothingClosed(graph: Graph, state: ExecutionState, only: string): void {
  const opener = findOpeners(state).find((id) => id !== only && isAhead(graph, id, (next) => next === only));
  if (opener === undefined) return;
  throw new FlowError("invalid_argument", `Cannot rerun only "${only}": what "${opener}" had opened is closed`, {
    hint: `Use --from "${only}", which runs "${opener}" again, too.`,
  });
}

function findOpeners({ resources = [] }: ExecutionState): string[] {
  return [...new Set(resources.filter(({ until }) => until === "execution").map(({ node_id }) => node_id))];
}

/** Whether there is a node of this kind behind a node. */
function isAhead(graph: Graph, id: string, isWanted: (id: string) => boolean): boolean {
  const start = graph.indexOf(id);
  const seen = new Set(start < 0 ? [] : [start]);
  for (const node of seen) {
    for (const successor of graph.successors(node)) {
      if (isWanted(graph.ids[successor] ?? "")) return true;
      seen.add(successor);
    }
  }
  return false;
}
