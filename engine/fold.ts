import { createState, type ExecutionState, reduce } from "./state.ts";
import { readAllEvents, type Store } from "./store.ts";
import type { Values } from "./value.ts";

/** What the journal of an execution adds up to. Reads state events only, page by page. */
export async function foldExecution(store: Store, executionId: string): Promise<ExecutionState> {
  const state = createState(executionId);
  for await (const event of readAllEvents(store, executionId, { kind: "state" })) reduce(state, event);
  const summary = await store.getSummary(executionId, 0);
  state.last_seq = Math.max(state.last_seq, summary?.last_seq ?? 0);
  return state;
}

/** The outputs of the given nodes in the newest round, by node id. */
export async function readOutputs(
  store: Store,
  executionId: string,
  isWanted: (nodeId: string) => boolean,
): Promise<Map<string, Values>> {
  const outputs = new Map<string, Values>();
  for await (const event of readAllEvents(store, executionId, { kind: "state" })) {
    if (event.type === "WorkflowRetrying") outputs.clear();
    if (event.type === "NodeCompleted" && isWanted(event.node_id)) outputs.set(event.node_id, event.outputs);
  }
  return outputs;
}
