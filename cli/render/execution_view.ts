import type { ExecutionEvent } from "../../engine/events.ts";
import { buildWholeGraph } from "../../engine/language.ts";
import {
  createState,
  type ExecutionState,
  isFinished,
  type NodeState,
  type NodeStatus,
  reduce,
} from "../../engine/state.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { describeNodeEvent } from "./describe.ts";
import { nodeLabels } from "./labels.ts";
import { cleanLine } from "./text.ts";

/** Lines of output that are kept per node. */
const TAIL_LINES = 3;
/** Nodes that ended lately, and nodes that failed, that are remembered by name. */
const REMEMBERED = 50;

/** How many nodes are in which state. */
export type StatusCounts = Record<NodeStatus, number>;

/**
 * What a picture of an execution needs, kept up to date event by event. What is kept besides the state grows with the
 * nodes that run, not with the nodes there are, and a picture never has to look at all of them.
 */
export class ExecutionView {
  readonly workflowName: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Attempts that each node may make; only nodes with a retry policy. */
  readonly maxAttempts: ReadonlyMap<string, number>;
  readonly state: ExecutionState = createState("");
  /** Node ids, each after its predecessors. */
  readonly order: readonly string[];
  readonly counts: StatusCounts;
  /** Ids of the nodes of handlers that something has happened to, in the order in which they ran. */
  readonly handlers: string[] = [];
  /** Running and retrying nodes, the longest running first. */
  readonly active = new Set<string>();
  /** The newest last. */
  readonly recent: string[] = [];
  readonly failed: string[] = [];
  readonly #tails = new Map<string, string[]>();
  readonly #progress = new Map<string, string>();

  constructor(workflow: Workflow) {
    const graph = buildWholeGraph(workflow);
    this.workflowName = cleanLine(workflow.name);
    this.labels = nodeLabels(workflow);
    this.order = Array.from(graph.order, (index) => graph.ids[index] ?? "");
    this.maxAttempts = new Map(
      workflow.nodes.flatMap(({ id, retry_policy }) => retry_policy ? [[id, retry_policy.max_attempts]] : []),
    );
    this.counts = { ...NO_COUNTS, waiting: workflow.nodes.length };
  }

  label(nodeId: string): string {
    return this.labels.get(nodeId) ?? cleanLine(nodeId);
  }

  node(nodeId: string): NodeState {
    return this.state.nodes.get(nodeId) ?? UNTOUCHED;
  }

  /** The last lines that a node has printed. */
  tail(nodeId: string): readonly string[] {
    return this.#tails.get(nodeId) ?? [];
  }

  /** The last that a node has told about its progress. */
  progress(nodeId: string): string | undefined {
    return this.#progress.get(nodeId);
  }

  apply(event: ExecutionEvent): void {
    if (event.type === "NodeEvent") return this.#hear(event);
    this.state.execution_id = event.execution_id;
    if (!("node_id" in event)) {
      reduce(this.state, event);
      if (event.type === "WorkflowRetrying") this.#startOver();
      return;
    }
    const before = this.node(event.node_id).status;
    reduce(this.state, event);
    if (event.index !== undefined || event.type === "NodeExpanded") return this.#countItems(event.node_id);
    if (event.handler === undefined) this.#move(event.node_id, before, this.node(event.node_id).status);
    else if (!this.handlers.includes(event.node_id)) this.handlers.push(event.node_id);
  }

  #countItems(nodeId: string): void {
    const { count = 0, succeeded = 0, failed = 0 } = this.node(nodeId).items ?? {};
    const failures = failed === 0 ? "" : `, ${failed} failed`;
    this.#progress.set(nodeId, `${succeeded + failed} of ${count} items${failures}`);
  }

  #hear(event: Extract<ExecutionEvent, { type: "NodeEvent" }>): void {
    const { event: told, node_id, index } = event;
    const lines = describeNodeEvent(told);
    if (told.event_type === "Progress" && index === undefined) {
      this.#progress.set(node_id, lines.join(" "));
    } else if (told.event_type === "StdoutLine" || told.event_type === "StderrLine") {
      const tail = this.#tails.get(node_id) ?? [];
      this.#tails.set(node_id, [...tail, ...lines.filter((line) => line.trim() !== "")].slice(-TAIL_LINES));
    }
  }

  #move(nodeId: string, before: NodeStatus, after: NodeStatus): void {
    if (before === after) return;
    this.counts[before]--;
    this.counts[after]++;
    if (after === "running" || after === "retrying") {
      this.active.add(nodeId);
    } else {
      this.active.delete(nodeId);
      this.#progress.delete(nodeId);
    }
    if (after === "failed" && this.failed.length < REMEMBERED) this.failed.push(nodeId);
    if (!isFinished(after)) return;
    this.recent.push(nodeId);
    if (this.recent.length <= REMEMBERED) return;
    const forgotten = this.recent.shift();
    if (forgotten !== undefined && !this.failed.includes(forgotten)) this.#tails.delete(forgotten);
  }

  #startOver(): void {
    Object.assign(this.counts, NO_COUNTS, { waiting: this.order.length });
    this.active.clear();
    this.recent.length = 0;
    this.failed.length = 0;
    this.#tails.clear();
    this.#progress.clear();
  }
}

const UNTOUCHED: NodeState = { status: "waiting", attempt: 0, failures: 0 };
const NO_COUNTS: StatusCounts = {
  waiting: 0,
  running: 0,
  retrying: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
};
