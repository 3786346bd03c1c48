import { type ErrorInfo, FlowError } from "./errors.ts";
import type { FinalStatus, SkipReason, Verdict } from "./events.ts";
import type { ExecutionState, NodeStatus } from "./state.ts";
import type { Values } from "./value.ts";
import type { RepeatSpec, WorkflowSettings } from "./workflow.ts";

/** Outputs by port by node id. */
export type NodeOutputs = Record<string, Values>;

/** The first node that failed for good. */
export interface Failure {
  node_id: string;
  error: ErrorInfo;
}

/** How an execution ended. `O` is the type of the outputs that its workflow declares, for callers that know it. */
export interface ExecutionResult<O extends Values = NodeOutputs> {
  /** Which execution this was. */
  execution_id: string;
  /** How it ended. */
  status: FinalStatus;
  /** How long it took. */
  duration_ms: number;
  /** Nodes that succeeded. */
  completed_nodes: number;
  /** Nodes that the workflow has, handlers left out. */
  total_nodes: number;
  /** The outputs that the workflow declares, by name; else those of the nodes that lead nowhere, by node id. */
  outputs: O;
  /** Why it failed, or was cancelled. */
  error?: ErrorInfo;
}

/** The decision to start nothing more. */
export interface Stop {
  /** Why running attempts are aborted. */
  error: FlowError;
  because: SkipReason;
  /** How the execution ends; `retry`: it does not, another round follows. */
  then: "failed" | "cancelled" | "retry";
}

/** What `on_error` makes of a node that has failed for good in round `round`; undefined: the rest goes on. */
export function stopAfterFailure({ on_error }: WorkflowSettings, nodeId: string, round: number): Stop | undefined {
  if (on_error === "ContinueOnError") return undefined;
  const mayRetry = typeof on_error === "object" && round < on_error.RetryWorkflow.max_attempts;
  return {
    error: new FlowError("cancelled", `Cancelled because node "${nodeId}" failed`),
    because: { reason: "node_failed", node_id: nodeId },
    then: mayRetry ? "retry" : "failed",
  };
}

/** The stop that follows from a WorkflowCancelling. */
export function stopBecauseOf({ because, reason }: NonNullable<ExecutionState["cancelling"]>): Stop {
  const error = new FlowError("cancelled", reason);
  if (because === "timeout") return { error, because: { reason: "execution_timeout" }, then: "failed" };
  return { error, because: { reason: "execution_cancelled" }, then: "cancelled" };
}

/** Why a node fails whose `repeat` has come to its end. */
export function neverThrough(repeat: RepeatSpec | undefined): FlowError {
  return new FlowError("node_failed", `repeat.until did not hold after ${repeat?.max ?? 0} runs`, {
    hint: "Raise repeat.max or repeat.delay_ms, or check the condition.",
  });
}

/** What those behind a node are told that did not succeed. */
export function blameOn(node_id: string, status: NodeStatus): SkipReason {
  return { reason: status === "cancelled" ? "node_cancelled" : "node_failed", node_id };
}

/** The one rule: a decision to cancel, then the deadline, then any failed node decide; else it succeeded. */
export function judge(stop: Stop | undefined, failure: Failure | undefined, limitMs: number | null): Verdict {
  if (stop?.then === "cancelled") return { status: "cancelled", error: stop.error.toInfo() };
  if (stop?.because.reason === "execution_timeout") {
    const error = new FlowError("timeout", `Execution exceeded ${limitMs} ms`, {
      hint: "Raise settings.max_execution_time_ms or --timeout.",
    });
    return { status: "failed", error: error.toInfo() };
  }
  if (failure === undefined) return { status: "succeeded" };
  const message = `Node "${failure.node_id}" failed: ${failure.error.message}`;
  return { status: "failed", error: { ...failure.error, code: "node_failed", message } };
}

/** The result of an execution that has ended as `state` says. */
export function createResult(state: ExecutionState, outputs: Values): ExecutionResult<Values> {
  if (state.status === "pending" || state.status === "running") {
    throw new FlowError("internal", `Execution "${state.execution_id}" has not ended`);
  }
  let completed = 0;
  for (const node of state.nodes.values()) if (node.status === "succeeded" && node.handler === undefined) completed++;
  return {
    execution_id: state.execution_id,
    status: state.status,
    duration_ms: state.duration_ms ?? 0,
    completed_nodes: completed,
    total_nodes: state.total_nodes,
    outputs,
    ...(state.error === undefined ? {} : { error: state.error }),
  };
}
