import type { EngineOptions } from "./engine_options.ts";
import { FlowError } from "./errors.ts";
import { foldExecution, readOutputs } from "./fold.ts";
import type { Graph } from "./graph.ts";
import { attemptId } from "./id.ts";
import type { PreparedWorkflow } from "./prepare.ts";
import { type ExecutionState, isFinished } from "./state.ts";
import type { ExecutionRecord, ExecutionSummary, Store } from "./store.ts";
import type { Values } from "./value.ts";

/** Where an execution is to be taken up again. */
export interface ResumePoint {
  state: ExecutionState;
  /** Outputs that are still to be read, by node id. */
  restored: ReadonlyMap<string, Values>;
}

/** @throws {FlowError} `conflict` if the execution has ended */
export function checkResumable(summary: ExecutionSummary | undefined): void {
  if (summary?.ended_at === undefined) return;
  const { execution_id, status } = summary;
  throw new FlowError("conflict", `Cannot resume execution "${execution_id}": it has ended as ${status}`, {
    hint: `Run "flow rerun ${execution_id}" to run it again.`,
  });
}

/**
 * What a rerun reuses and leaves out is only in its first events: without them, resuming would run all of it.
 * @throws {FlowError} `conflict`
 */
export function checkHasBegun({ execution_id, rerun_of }: ExecutionRecord, state: ExecutionState): void {
  if (rerun_of === undefined || state.status !== "pending") return;
  throw new FlowError("conflict", `Cannot resume execution "${execution_id}": it was cut off before its first node`, {
    hint: `Run "flow rerun ${rerun_of}" once more.`,
  });
}

/** Rebuilds where an execution stands from its journal, and ends what its interrupted attempts have left running. */
export async function findResumePoint(
  store: Store,
  executionId: string,
  { graph, pinned }: PreparedWorkflow,
  endLeftover: EngineOptions["endLeftover"],
): Promise<ResumePoint> {
  const state = await foldExecution(store, executionId);
  if (endLeftover !== undefined) await endLeftovers(state, endLeftover);
  const restored = await readOutputs(store, executionId, (nodeId) => {
    return pinned.includes(graph.indexOf(nodeId)) || isStillRead(graph, state, nodeId);
  });
  return { state, restored };
}

/** All at the same time, because each may take its time to end. */
async function endLeftovers(
  state: ExecutionState,
  endLeftover: NonNullable<EngineOptions["endLeftover"]>,
): Promise<void> {
  const running = [...state.nodes].filter(([_, { status }]) => status === "running");
  await Promise.all(running.map(([nodeId, { attempt, process }]) => {
    const mark = attemptId(state.execution_id, nodeId, 0, attempt);
    return endLeftover(process === undefined ? { mark } : { mark, process });
  }));
}

/** Whether an executor that goes on from `state` may still read the outputs of a node, or has to report them. */
function isStillRead(graph: Graph, state: ExecutionState, nodeId: string): boolean {
  const successors = graph.successors(graph.indexOf(nodeId));
  if (successors.length === 0) return true;
  return successors.some((node) => !isFinished(state.nodes.get(graph.ids[node] ?? "")?.status ?? "waiting"));
}
