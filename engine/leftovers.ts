import { attemptId } from "./id.ts";
import type { ProcessIdentity } from "./node.ts";
import type { ExecutionState, NodeState } from "./state.ts";

/** What an attempt that was cut off may have left running. */
export interface Leftover {
  /** The attempt's id, which everything that it started carries. */
  mark: string;
  /** The process that the node has announced, if it did. */
  process?: ProcessIdentity;
}

/** What the attempts that have not ended have running. */
export function leftoversOf({ execution_id, nodes }: ExecutionState): Leftover[] {
  const leftovers: Leftover[] = [];
  const add = (nodeId: string, index: number, { status, attempt, process }: NodeState) => {
    if (status !== "running") return;
    const mark = attemptId(execution_id, nodeId, index, attempt);
    leftovers.push(process === undefined ? { mark } : { mark, process });
  };
  for (const [nodeId, node] of nodes) {
    if (node.items === undefined) add(nodeId, 0, node);
    for (const [index, item] of node.items?.states ?? []) add(nodeId, index, item);
  }
  return leftovers;
}
