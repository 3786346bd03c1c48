import { foldExecution, readJournal } from "./fold.ts";
import { buildWholeGraph, loadLanguageOf } from "./language.ts";
import type { ExecutionState } from "./state.ts";
import type { ExecutionReader, ExecutionRecord } from "./store.ts";
import type { Values } from "./value.ts";
import { createResult, type ExecutionResult } from "./verdict.ts";

/** How an execution ended that may have been driven elsewhere: what its driver was told. It must have ended. */
export async function readResult(store: ExecutionReader, record: ExecutionRecord): Promise<ExecutionResult<Values>> {
  const state = await foldExecution(store, record.execution_id);
  return createResult(state, await readFinalOutputs(store, record, state));
}

/** The declared outputs by name, else those of the nodes that lead nowhere by node id, as far as there are some. */
export async function readFinalOutputs(
  store: ExecutionReader,
  { execution_id, workflow }: ExecutionRecord,
  state: ExecutionState,
): Promise<Values> {
  if (state.outputs !== undefined) return state.outputs;
  await loadLanguageOf(workflow);
  const graph = buildWholeGraph(workflow);
  const isLast = (nodeId: string) => {
    const node = graph.indexOf(nodeId);
    // Those of handlers are not in the graph.
    return node >= 0 && graph.successors(node).length === 0;
  };
  const { outputs } = await readJournal(store, execution_id, { outputs: isLast, items: () => false });
  return Object.fromEntries(outputs);
}
