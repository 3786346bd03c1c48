import type { ErrorInfo } from "./errors.ts";
import type { OpenResource, ProcessIdentity } from "./node.ts";
import type { Value, Values } from "./value.ts";

/** How an execution ended. */
export type FinalStatus = "succeeded" | "failed" | "cancelled";

/** How an execution ends of which nothing is left to run. */
export interface Verdict {
  /** How it ended. */
  status: FinalStatus;
  /** Why it failed, or was cancelled. */
  error?: ErrorInfo;
  /** The declared outputs, if there are some. */
  outputs?: Values;
}

/** What a node tells about itself while it runs. */
export type NodeEventBody =
  | { event_type: "Info"; message: string }
  | { event_type: "Warning"; message: string }
  | { event_type: "Progress"; percent: number; message?: string }
  | { event_type: "Data"; port: string; value: Value }
  | { event_type: "StdoutLine"; line: string }
  | { event_type: "StderrLine"; line: string };

/** Why a node never ran: `node_id` names the node that is to blame, where one is. */
export interface SkipReason {
  /** What kept the node from running. */
  reason:
    | "node_failed"
    | "node_cancelled"
    | "execution_cancelled"
    | "execution_timeout"
    | "not_selected"
    // The rest are decisions of the document, not trouble: nodes behind do not count them as failures.
    | "run_if"
    | "condition"
    | "no_value";
  /** The node that is to blame, if it is one. */
  node_id?: string;
}

/**
 * The lists of nodes that run when the others have ended; see `WorkflowSettings`.
 *
 * ```ts
 * import { HANDLERS } from "flowengine";
 *
 * console.log(HANDLERS.includes("on_failure"));
 * ```
 */
export const HANDLERS = ["on_success", "on_failure", "on_exit"] as const;

/** One of {@link HANDLERS}. */
export type HandlerName = (typeof HANDLERS)[number];

/** What an event of a node is about. */
export interface NodeSubject {
  /** Of the workflow's node. */
  node_id: string;
  /** Of a node with `map`: the item, from 0. Without it, the event is about the node as a whole. */
  index?: number;
  /** The node is one of this handler. */
  handler?: HandlerName;
}

/** Whether a node was skipped because the document says so, not because something went wrong. */
export function isSkipByChoice({ reason }: SkipReason): boolean {
  return reason === "run_if" || reason === "condition" || reason === "no_value";
}

/** Facts about one execution, in the words of the wire. */
export type EventBody =
  | {
    type: "WorkflowStarted";
    workflow_id: string;
    workflow_name?: string;
    total_nodes: number;
    rerun_of?: string;
    /** Nodes that run again, but not the items of theirs that succeeded in the execution which is rerun. */
    keeps_items_of?: string[];
  }
  | { type: "WorkflowResumed"; owner: string }
  | { type: "WorkflowRetrying"; attempt: number; error: ErrorInfo }
  | {
    type: "WorkflowCancelling";
    because: "request" | "timeout";
    reason: string;
    /** How the execution ends stands already: only this handler is ended. */
    handler?: HandlerName;
  }
  /** Everything has run but the handlers, and how the execution ends can no longer change. */
  | ({ type: "WorkflowFinishing" } & Verdict)
  | ({ type: "NodeStarted"; node_type: string; attempt: number } & NodeSubject)
  /** What a node with `map` runs for. */
  | ({ type: "NodeExpanded"; items: Value[] } & NodeSubject)
  | ({ type: "NodeProcess"; attempt: number; process: ProcessIdentity } & NodeSubject)
  | ({ type: "NodeResource" } & OpenResource & NodeSubject)
  | ({ type: "NodeEvent"; event: NodeEventBody } & NodeSubject)
  | ({ type: "NodeRetrying"; attempt: number; delay_ms: number; error: ErrorInfo } & NodeSubject)
  /** A node with `repeat` has succeeded, but is not through. */
  | ({ type: "NodeRepeating"; attempt: number; delay_ms: number } & NodeSubject)
  | ({
    type: "NodeCompleted";
    outputs: Values;
    duration_ms: number;
    /** From the node cache. */
    cached?: true;
    /** The execution that these outputs were taken from, in a rerun. */
    reused_from?: string;
    /** Of a node with `map`: how many of its items failed. */
    failed_items?: number;
  } & NodeSubject)
  | ({
    type: "NodeFailed";
    error: ErrorInfo;
    duration_ms: number;
    /** The node has `continue_on_error`: its failure is nobody else's. */
    tolerated?: true;
  } & NodeSubject)
  | ({ type: "NodeSkipped"; because: SkipReason } & NodeSubject)
  | ({ type: "WorkflowCompleted"; success: boolean; duration_ms: number } & Verdict);

/** What every event carries besides its body. */
export interface EventHeader {
  /** Of the execution that the event is about. */
  execution_id: string;
  /** 1, 2, 3 ... within the execution, without gaps. */
  seq: number;
  /** RFC 3339, UTC. */
  timestamp: string;
}

/** One past fact of one execution. */
export type ExecutionEvent = EventHeader & EventBody;

/** The events of one type. */
export type EventOf<T extends EventBody["type"]> = Extract<ExecutionEvent, { type: T }>;

/**
 * Whether an event is talk, not state: it is kept in log chunks, may be truncated, and folding an execution's state
 * never needs it.
 */
export function isLogEvent(event: EventBody): event is Extract<EventBody, { type: "NodeEvent" }> {
  return event.type === "NodeEvent";
}
