import type { ErrorInfo } from "./errors.ts";
import type { EventOf, ExecutionEvent, FinalStatus, HandlerName, NodeSubject, SkipReason, Verdict } from "./events.ts";
import type { OpenResource, ProcessIdentity } from "./node.ts";
import type { Values } from "./value.ts";

/** Where a node stands. `waiting` for its predecessors, `retrying` for the delay before its next attempt. */
export type NodeStatus = "waiting" | "running" | "retrying" | "succeeded" | "failed" | "cancelled" | "skipped";

/** What is known of one node of one execution. Outputs are not kept here: see `OutputTable`. */
export interface NodeState {
  /** How it stands. */
  status: NodeStatus;
  /** The newest attempt; 0 before the first. Never goes back, also not when the workflow is retried. */
  attempt: number;
  /** Failed attempts in this round; interrupted ones do not count. */
  failures: number;
  /** When the newest attempt started, or when the retry is due (`retrying`); epoch milliseconds. */
  at?: number;
  /** How long it took. */
  duration_ms?: number;
  /** Why it failed. */
  error?: ErrorInfo;
  /** Why it was skipped. */
  because?: SkipReason;
  /** Failed, but the document goes on regardless. */
  tolerated?: true;
  /** Whether its outputs came from the cache. */
  cached?: true;
  /** The execution that its outputs were taken over from. */
  reused_from?: string;
  /** The process that works for it. */
  process?: ProcessIdentity;
  /** How often a node with `repeat` has succeeded without being through. */
  repetitions?: number;
  /** Of a node with `map`. */
  items?: ItemStates;
  /** The node belongs to this handler: it counts for nothing in how the execution ends. */
  handler?: HandlerName;
}

/** What is known of the items of a node with `map`. */
export interface ItemStates {
  /** Of all items. */
  count: number;
  /** Of those that succeeded. */
  succeeded: number;
  /** Of those that failed. */
  failed: number;
  /** How many of those that succeeded came from the cache. */
  cached?: number;
  /** By index: those that have begun; once the node has ended, those that did not succeed. */
  states: Map<number, NodeState>;
}

/** What the events of an execution add up to. */
export interface ExecutionState {
  /** Which execution this is. */
  execution_id: string;
  /** What it runs. */
  workflow_id: string;
  /** How it stands. */
  status: "pending" | "running" | FinalStatus;
  /** The number of its newest event. */
  last_seq: number;
  /** Epoch milliseconds of WorkflowStarted. */
  started_at: number;
  /** How long it took. */
  duration_ms?: number;
  /** From 1; grows with WorkflowRetrying. */
  round: number;
  /** Nodes that the workflow has, handlers left out. */
  total_nodes: number;
  /** Why nothing more starts, once it was cancelled or its time was up; with `handler`, nothing more of that handler. */
  cancelling?: { because: "request" | "timeout"; reason: string; handler?: HandlerName };
  /** How it will end, once its handlers have run. */
  finishing?: Verdict;
  /** Why it failed, or was cancelled. */
  error?: ErrorInfo;
  /** The declared outputs, if there are some. */
  outputs?: Values;
  /** An execution with items that need not run again, and the nodes whose items they are. */
  keeping?: { execution_id: string; items_of: string[] };
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
      return reduceStart(state, event);
    case "WorkflowRetrying":
      state.round = event.attempt;
      for (const [id, node] of state.nodes) {
        state.nodes.set(id, { status: "waiting", attempt: newestAttempt(node), failures: 0 });
      }
      return;
    case "WorkflowCancelling": {
      const { because, reason, handler } = event;
      state.cancelling = { because, reason, ...(handler && { handler }) };
      return;
    }
    case "WorkflowFinishing": {
      const { status, error, outputs } = event;
      state.finishing = { status, ...(error && { error }), ...(outputs && { outputs }) };
      return;
    }
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
      return reduceUnit(state, event);
  }
}

function reduceStart(state: ExecutionState, event: EventOf<"WorkflowStarted">): void {
  state.workflow_id = event.workflow_id;
  state.total_nodes = event.total_nodes;
  state.status = "running";
  state.started_at = Date.parse(event.timestamp);
  const { rerun_of, keeps_items_of } = event;
  if (rerun_of !== undefined && keeps_items_of !== undefined) {
    state.keeping = { execution_id: rerun_of, items_of: keeps_items_of };
  }
}

function reduceResource(state: ExecutionState, event: EventOf<"NodeResource">): void {
  const { node_id, index, node_type, attempt, resource, until } = event;
  const item = index === undefined ? {} : { index };
  (state.resources ??= []).push({ node_id, ...item, node_type, attempt, resource, until });
}

/** An attempt that has ended has closed what was its own. */
function forgetClosed(state: ExecutionState, { node_id, index }: NodeSubject): void {
  if (state.resources === undefined) return;
  const isOwn = (open: OpenResource) => open.node_id === node_id && open.index === index && open.until === "attempt";
  state.resources = state.resources.filter((open) => !isOwn(open));
}

type NodeChange = Exclude<Extract<ExecutionEvent, { node_id: string }>, { type: "NodeEvent" | "NodeResource" }>;

function reduceUnit(state: ExecutionState, event: NodeChange): void {
  if (event.type !== "NodeProcess") forgetClosed(state, event);
  const node = nodeState(state, event.node_id);
  if (event.handler !== undefined) node.handler = event.handler;
  if (event.index === undefined) reduceNode(node, event);
  else reduceItem(node, event.index, event);
}

function reduceItem(node: NodeState, index: number, event: NodeChange): void {
  node.items ??= { count: 0, succeeded: 0, failed: 0, states: new Map() };
  reduceNode(stateIn(node.items.states, index), event);
  if (event.type === "NodeCompleted") node.items.succeeded++;
  if (event.type === "NodeCompleted" && event.cached) node.items.cached = (node.items.cached ?? 0) + 1;
  if (event.type === "NodeFailed") node.items.failed++;
}

function reduceNode(node: NodeState, event: NodeChange): void {
  switch (event.type) {
    case "NodeStarted":
      node.status = "running";
      node.attempt = event.attempt;
      node.at = Date.parse(event.timestamp);
      delete node.process;
      return;
    case "NodeExpanded":
      node.items = { count: event.items.length, succeeded: 0, failed: 0, states: new Map() };
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
    case "NodeRepeating":
      node.status = "retrying";
      node.at = Date.parse(event.timestamp) + event.delay_ms;
      node.failures = 0;
      node.repetitions = (node.repetitions ?? 0) + 1;
      delete node.error;
      return;
    default:
      return reduceEnding(node, event);
  }
}

type NodeEnding = Extract<NodeChange, { type: "NodeCompleted" | "NodeFailed" | "NodeSkipped" }>;

function reduceEnding(node: NodeState, event: NodeEnding): void {
  switch (event.type) {
    case "NodeCompleted":
      node.status = "succeeded";
      node.duration_ms = event.duration_ms;
      if (event.cached) node.cached = true;
      if (event.reused_from !== undefined) node.reused_from = event.reused_from;
      delete node.error;
      return forgetItems(node);
    case "NodeFailed":
      node.status = event.error.code === "cancelled" ? "cancelled" : "failed";
      node.error = event.error;
      node.duration_ms = event.duration_ms;
      if (event.tolerated) node.tolerated = true;
      return forgetItems(node);
    case "NodeSkipped":
      node.status = "skipped";
      node.because = event.because;
      return;
  }
}

/** Of the items of a node that has ended, only those are kept that did not succeed. */
function forgetItems(node: NodeState): void {
  if (node.items === undefined) return;
  node.attempt = newestAttempt(node);
  for (const [index, { status }] of node.items.states) if (status === "succeeded") node.items.states.delete(index);
}

/** The newest attempt of a node and of its items. */
function newestAttempt({ attempt, items }: NodeState): number {
  let newest = attempt;
  for (const item of items?.states.values() ?? []) newest = Math.max(newest, item.attempt);
  return newest;
}

/** The state of a node, made on first use. */
export function nodeState(state: ExecutionState, nodeId: string): NodeState {
  return stateIn(state.nodes, nodeId);
}

function stateIn<K>(states: Map<K, NodeState>, key: K): NodeState {
  let node = states.get(key);
  if (node === undefined) states.set(key, node = { status: "waiting", attempt: 0, failures: 0 });
  return node;
}

/** Whether nothing more will happen to a node of this status in this round. */
export function isFinished(status: NodeStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled" || status === "skipped";
}
