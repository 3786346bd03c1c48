import type { ErrorInfo } from "./errors.ts";
import type { EventOf, ExecutionEvent, FinalStatus, SkipReason } from "./events.ts";
import type { OpenResource, ProcessIdentity } from "./node.ts";
import type { Values } from "./value.ts";

/** Where a node stands. `waiting` for its predecessors, `retrying` for the delay before its next attempt. */
export type NodeStatus = "waiting" | "running" | "retrying" | "succeeded" | "failed" | "cancelled" | "skipped";

/** What is known of one node of one execution. Outputs are not kept here: see `OutputTable`. */
export interface NodeState {
  status: NodeStatus;
  /** The newest attempt; 0 before the first. Never goes back, also not when the workflow is retried. */
  attempt: number;
  /** Failed attempts in this round; interrupted ones do not count. */
  failures: number;
  /** When the newest attempt started, or when the retry is due (`retrying`); epoch milliseconds. */
  at?: number;
  duration_ms?: number;
  error?: ErrorInfo;
  because?: SkipReason;
  /** Failed, but the document goes on regardless. */
  tolerated?: true;
  cached?: true;
  reused_from?: string;
  process?: ProcessIdentity;
}

/** What the events of an execution add up to. */
export interface ExecutionState {
  execution_id: string;
  workflow_id: string;
  status: "pending" | "running" | FinalStatus;
  last_seq: number;
  /** Epoch milliseconds of WorkflowStarted. */
  started_at: number;
  duration_ms?: number;
  /** From 1; grows with WorkflowRetrying. */
  round: number;
  total_nodes: number;
  /** Why nothing more starts, once it was cancelled or its time was up. */
  cancelling?: { because: "request" | "timeout"; reason: string };
  error?: ErrorInfo;
  /** The declared outputs, if there are some. */
  outputs?: Values;
  /** What nodes have opened outside of this process, and nobody has closed for sure. */
  resources?: OpenResource[];
  /** Only nodes that something has happened to. */
  nodes: Map<string, NodeState>;
}

/** The state before the first event. */
export function createState(executionId: string): ExecutionState {
  return {
    execution_id: executionId,
    workflow_id: "",
    status: "pending",
    last_seq: 0,
    started_at: 0,
    round: 1,
    total_nodes: 0,
    nodes: new Map(),
  };
}

/** Folds one event into `state`, in place: the only code in which a status changes. */
export function reduce(state: ExecutionState, event: ExecutionEvent): void {
  state.last_seq = event.seq;
  switch (event.type) {
    case "WorkflowStarted":
      state.workflow_id = event.workflow_id;
      state.total_nodes = event.total_nodes;
      state.status = "running";
      state.started_at = Date.parse(event.timestamp);
      return;
    case "WorkflowRetrying":
      state.round = event.attempt;
      for (const [id, node] of state.nodes) {
        state.nodes.set(id, { status: "waiting", attempt: node.attempt, failures: 0 });
      }
      return;
    case "WorkflowCancelling":
      state.cancelling = { because: event.because, reason: event.reason };
      return;
    case "WorkflowCompleted":
      state.status = event.status;
      state.duration_ms = event.duration_ms;
      if (event.error !== undefined) state.error = event.error;
      if (event.outputs !== undefined) state.outputs = event.outputs;
      return;
    case "WorkflowResumed":
    case "NodeEvent":
      return;
    case "NodeResource":
      return reduceResource(state, event);
    default:
      if (event.type !== "NodeProcess") forgetClosed(state, event.node_id);
      reduceNode(nodeState(state, event.node_id), event);
  }
}

function reduceResource(state: ExecutionState, event: EventOf<"NodeResource">): void {
  const { node_id, node_type, attempt, resource, until } = event;
  (state.resources ??= []).push({ node_id, node_type, attempt, resource, until });
}

/** An attempt that has ended has closed what was its own. */
function forgetClosed(state: ExecutionState, nodeId: string): void {
  if (state.resources === undefined) return;
  state.resources = state.resources.filter(({ node_id, until }) => node_id !== nodeId || until === "execution");
}

type NodeChange = Extract<
  ExecutionEvent,
  { type: "NodeStarted" | "NodeProcess" | "NodeRetrying" | "NodeCompleted" | "NodeFailed" | "NodeSkipped" }
>;

function reduceNode(node: NodeState, event: NodeChange): void {
  switch (event.type) {
    case "NodeStarted":
      node.status = "running";
      node.attempt = event.attempt;
      node.at = Date.parse(event.timestamp);
      delete node.process;
      return;
    case "NodeProcess":
      node.process = event.process;
      return;
    case "NodeRetrying":
      node.status = "retrying";
      node.error = event.error;
      node.at = Date.parse(event.timestamp) + event.delay_ms;
      if (event.error.code !== "interrupted") node.failures++;
      return;
    case "NodeCompleted":
      node.status = "succeeded";
      node.duration_ms = event.duration_ms;
      if (event.cached) node.cached = true;
      if (event.reused_from !== undefined) node.reused_from = event.reused_from;
      delete node.error;
      return;
    case "NodeFailed":
      node.status = event.error.code === "cancelled" ? "cancelled" : "failed";
      node.error = event.error;
      node.duration_ms = event.duration_ms;
      if (event.tolerated) node.tolerated = true;
      return;
    case "NodeSkipped":
      node.status = "skipped";
      node.because = event.because;
      return;
  }
}

/** The state of a node, made on first use. */
export function nodeState(state: ExecutionState, nodeId: string): NodeState {
  let node = state.nodes.get(nodeId);
  if (node === undefined) {
    node = { status: "waiting", attempt: 0, failures: 0 };
    state.nodes.set(nodeId, node);
  }
  return node;
}

/** Whether nothing more will happen to a node of this status in this round. */
export function isFinished(status: NodeStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled" || status === "skipped";
}
