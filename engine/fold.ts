import { createState, type ExecutionState, reduce } from "./state.ts";
import { type ExecutionReader, readAllEvents } from "./store.ts";
import type { Value, Values } from "./value.ts";

/** What the journal of an execution adds up to. Reads state events only, page by page. */
export async function foldExecution(store: ExecutionReader, executionId: string): Promise<ExecutionState> {
  const state = createState(executionId);
  for await (const event of readAllEvents(store, executionId, { kind: "state" })) reduce(state, event);
  const summary = await store.getSummary(executionId, 0);
  state.last_seq = Math.max(state.last_seq, summary?.last_seq ?? 0);
  return state;
}

/** What of a journal is needed besides the state. */
export interface Readings {
  /** Outputs in the newest round, by node id. */
  outputs: Map<string, Values>;
  /** What nodes with `map` run for in the newest round, and what their items answered, by node id. */
  items: Map<string, { items: readonly Value[]; outputs: Map<number, Values> }>;
}

/** Reads the outputs of some nodes, and the items of others. */
export async function readJournal(
  store: ExecutionReader,
  executionId: string,
  wanted: { outputs(nodeId: string): boolean; items(nodeId: string): boolean },
): Promise<Readings> {
  const found: Readings = { outputs: new Map(), items: new Map() };
  for await (const event of readAllEvents(store, executionId, { kind: "state" })) {
    if (event.type === "WorkflowRetrying") {
      found.outputs.clear();
      found.items.clear();
    } else if (event.type === "NodeExpanded") {
      if (wanted.items(event.node_id)) found.items.set(event.node_id, { items: event.items, outputs: new Map() });
    } else if (event.type === "NodeCompleted") {
      if (event.index !== undefined) found.items.get(event.node_id)?.outputs.set(event.index, event.outputs);
      else if (wanted.outputs(event.node_id)) found.outputs.set(event.node_id, event.outputs);
    }
  }
  return found;
}
