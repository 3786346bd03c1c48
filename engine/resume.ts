import type { EngineOptions } from "./engine_options.ts";
import { FlowError } from "./errors.ts";
import { foldExecution, readJournal } from "./fold.ts";
import type { Graph } from "./graph.ts";
import { WorkflowError } from "./issue.ts";
import { leftoversOf } from "./leftovers.ts";
import type { PreparedWorkflow } from "./prepare.ts";
import type { Restored } from "./restore.ts";
import { readReuseLeft, type Reuse } from "./reuse.ts";
import { type ExecutionState, isFinished } from "./state.ts";
import type { ExecutionRecord, ExecutionSummary, Store } from "./store.ts";

/** Where an execution is to be taken up again. */
export interface ResumePoint {
  state: ExecutionState;
  restored: Restored;
  reuse: Reuse | undefined;
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

const MISSING_CODE =
  "Give the engine the code under the same name, as it was when the execution was started: --nodes FILE, " +
  "createEngine({ nodes }), or the resume() of the workflow.";

/**
 * What does not fit an execution that has been started is missing here, not misspelled.
 * @throws {WorkflowError} with advice about the code that is missing
 */
export async function withAdviceOnCode<T>(prepared: Promise<T>): Promise<T> {
  try {
    return await prepared;
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    const issues = error.issues.map((issue) =>
      issue.code === "unknown_node_type" ? { ...issue, hint: MISSING_CODE } : issue
    );
    throw new WorkflowError("invalid_workflow", issues);
  }
}

/** Rebuilds where an execution stands from its journal, and ends what its interrupted attempts have left running. */
export async function findResumePoint(
  store: Store,
  executionId: string,
  { graph, pinned }: PreparedWorkflow,
  endLeftover: EngineOptions["endLeftover"],
): Promise<ResumePoint> {
  const state = await foldExecution(store, executionId);
  // All at the same time, because each may take its time to end.
  if (endLeftover !== undefined) await Promise.all(leftoversOf(state).map(endLeftover));
  const restored = await readJournal(store, executionId, {
    outputs: (nodeId) => pinned.includes(graph.indexOf(nodeId)) || isStillRead(graph, state, nodeId),
    items: (nodeId) => state.nodes.get(nodeId)?.status === "running",
  });
  return { state, restored, reuse: await readReuseLeft(store, state) };
}

/** Whether an executor that goes on from `state` may still read the outputs of a node, or has to report them. */
function isStillRead(graph: Graph, state: ExecutionState, nodeId: string): boolean {
  const successors = graph.successors(graph.indexOf(nodeId));
  if (successors.length === 0) return true;
  return successors.some((node) => !isFinished(state.nodes.get(graph.ids[node] ?? "")?.status ?? "waiting"));
}
