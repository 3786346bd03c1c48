import { type ErrorInfo, FlowError } from "./errors.ts";
import type { FinalStatus, SkipReason } from "./events.ts";
import type { Failure } from "./ledger.ts";
import type { ExecutionState } from "./state.ts";
import type { Values } from "./value.ts";

/** How an execution ended. */
export interface ExecutionResult {
  execution_id: string;
  status: FinalStatus;
  duration_ms: number;
  /** Nodes that succeeded. */
  completed_nodes: number;
  total_nodes: number;
  /** The outputs of the nodes that lead nowhere, by node id. */
  outputs: Record<string, Values>;
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

/** How an execution ends of which nothing is left to run. */
export interface Verdict {
  status: FinalStatus;
  error?: ErrorInfo;
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
export function createResult(state: ExecutionState, outputs: Record<string, Values>): ExecutionResult {
  if (state.status === "pending" || state.status === "running") {
    throw new FlowError("internal", `Execution "${state.execution_id}" has not ended`);
  }
  let completed = 0;
  for (const node of state.nodes.values()) if (node.status === "succeeded") completed++;
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
