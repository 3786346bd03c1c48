import type { ErrorInfo } from "./errors.ts";
import type { ExecutionEvent, HandlerName, SkipReason } from "./events.ts";
import { type AttemptExplanation, ExecutionTimeline, type NodeTrack, type TimeShares } from "./execution_timeline.ts";
import type { ExecutionState, NodeState, NodeStatus } from "./state.ts";
import { everyNode } from "./handlers.ts";
import { type ItemSummary, summarizeItems } from "./item_summary.ts";
import { loadLanguageOf } from "./language.ts";
import type { ExecutionRecord } from "./store.ts";
import type { NodeSpec } from "./workflow.ts";

/** What the node cache did for a node that asked for it. `bypassed`: the execution was started without the cache. */
export interface CacheExplanation {
  /** Whether the result was there, was not, or was not looked for. */
  outcome: "hit" | "miss" | "bypassed";
  /** How long results may be used again. */
  ttl_seconds: number;
  /** Of a node with `map`: how many of its items came from the cache; `hit` if any did. */
  items?: number;
}

/** What happened to one node, and why. */
export interface NodeExplanation extends TimeShares {
  /** Of the workflow's node. */
  node_id: string;
  /** Such as `http.request`. */
  node_type: string;
  /** The node's label. */
  name?: string;
  /** `interrupted`: its process has died. */
  status: NodeStatus | "interrupted";
  /** In the round that counts; empty if it never ran. */
  attempts: AttemptExplanation[];
  /** Why it failed. */
  error?: ErrorInfo;
  /** Why it never ran: names the node at the root of it, not the one right before. */
  skipped?: SkipReason;
  /** What the cache did, if the node has one. */
  cache?: CacheExplanation;
  /** Of a node with `map`: what became of its items. */
  items?: ItemSummary;
  /** The node belongs to this handler: it changes nothing in how the execution ended, and its time is not measured. */
  handler?: HandlerName;
  /** The execution that its outputs were taken from. */
  reused_from?: string;
  /** Since the start of the execution. */
  ready_ms?: number;
  /** When it ended, in milliseconds since the start; undefined while it runs. */
  ended_ms?: number;
}

/** One node of the chain that decided when the execution ended. */
export interface PathStep extends TimeShares {
  /** Of the workflow's node. */
  node_id: string;
  /** From the end of the step before to the end of this one. */
  total_ms: number;
}

/** Why an execution went as it did. */
export interface Explanation {
  /** Which execution this is about. */
  execution_id: string;
  /** What it ran. */
  workflow_id: string;
  /** What the workflow is called. */
  workflow_name: string;
  /** How it stands. */
  status: ExecutionState["status"] | "interrupted";
  /** Up to its end, or up to its newest event. */
  duration_ms: number;
  /** The execution that it runs again. */
  rerun_of?: string;
  /** Why it failed, or was cancelled. */
  error?: ErrorInfo;
  /** Why earlier rounds were given up, oldest first (`RetryWorkflow`). */
  earlier_rounds: ErrorInfo[];
  /** How often it was taken up again after its process had died. */
  resumed: number;
  /** In the order of the document, then those of handlers that ran. */
  nodes: NodeExplanation[];
  /** From the first node to the one that ended last; each became ready when the one before it had ended. */
  critical_path: PathStep[];
  /** All that the engine took between nodes, and for each node that ran. */
  engine: { total_ms: number; per_node_ms: number };
}

/**
 * Explains an execution by its state events: why nodes were skipped, retried or taken from the cache, what they waited
 * for, and which of them decided how long it took. Durations come from timestamps, so they are whole milliseconds.
 * `isDriven` tells whether a process drives it now, default false: what seems to run then was interrupted.
 * Pure, in O(nodes + connections + events).
 *
 * ```ts
 * import { explainExecution, openSqliteStore, readAllEvents } from "flowengine";
 *
 * const store = await openSqliteStore("flow.db");
 * const [summary] = await store.listExecutions({ limit: 1 }, Date.now());
 * const record = summary && await store.getRecord(summary.execution_id);
 * if (record !== undefined) {
 *   const { critical_path } = await explainExecution(record, readAllEvents(store, record.execution_id));
 *   console.log(critical_path.map(({ node_id }) => node_id));
 * }
 * await store.close();
 * ```
 */
export async function explainExecution(
  record: ExecutionRecord,
  events: AsyncIterable<ExecutionEvent> | Iterable<ExecutionEvent>,
  options: { isDriven?: boolean } = {},
): Promise<Explanation> {
  await loadLanguageOf(record.workflow);
  const timeline = new ExecutionTimeline(record.workflow);
  for await (const event of events) timeline.add(event);
  const { state } = timeline;
  const seen = <T extends string>(status: T) => status === "running" && !options.isDriven ? "interrupted" : status;
  const specs = everyNode(record.workflow).filter(({ id }, index) => {
    return index < record.workflow.nodes.length || state.nodes.has(id);
  });
  const nodes = specs.map((spec, index) => {
    const node = explainNode(record, spec, timeline, index);
    return { ...node, status: seen(node.status) };
  });
  return {
    execution_id: record.execution_id,
    workflow_id: record.workflow.id,
    workflow_name: record.workflow.name,
    status: seen(state.status),
    duration_ms: state.duration_ms ?? timeline.elapsedMs,
    ...(record.rerun_of === undefined ? {} : { rerun_of: record.rerun_of }),
    ...(state.error === undefined ? {} : { error: state.error }),
    earlier_rounds: timeline.earlierRounds,
    resumed: timeline.resumed,
    nodes,
    critical_path: timeline.criticalPath().map((index, place, path) => explainStep(nodes, path[place - 1], index)),
    engine: sumEngineTime(nodes),
  };
}

const UNTOUCHED: NodeState = { status: "waiting", attempt: 0, failures: 0 };

function explainNode(
  record: ExecutionRecord,
  spec: NodeSpec,
  timeline: ExecutionTimeline,
  index: number,
): NodeExplanation {
  const state = timeline.state.nodes.get(spec.id) ?? UNTOUCHED;
  const track = timeline.track(index);
  const cache = explainCache(record, spec, state);
  return {
    node_id: spec.id,
    node_type: spec.node_type,
    ...(spec.name === undefined ? {} : { name: spec.name }),
    status: state.status,
    attempts: track.attempts,
    ...(state.error === undefined ? {} : { error: state.error }),
    ...(state.because === undefined ? {} : { skipped: state.because }),
    ...(cache === undefined ? {} : { cache }),
    ...(state.items === undefined ? {} : { items: summarizeItems(state.items) }),
    ...(state.handler === undefined ? {} : { handler: state.handler }),
    ...(state.reused_from === undefined ? {} : { reused_from: state.reused_from }),
    ...(track.ready === undefined ? {} : { ready_ms: track.ready.at - timeline.startedAt }),
    ...(track.ended === undefined ? {} : { ended_ms: track.ended.at - timeline.startedAt }),
    ...sharesOf(track),
  };
}

function explainCache(record: ExecutionRecord, spec: NodeSpec, state: NodeState): CacheExplanation | undefined {
  if (spec.cache === undefined || state.reused_from !== undefined) return undefined;
  const { ttl_seconds } = spec.cache;
  const { items } = state;
  if (items !== undefined && !record.no_cache) {
    const { cached = 0 } = items;
    return { outcome: cached > 0 ? "hit" : "miss", ttl_seconds, items: cached };
  }
  if (state.cached) return { outcome: "hit", ttl_seconds };
  if (state.attempt === 0) return undefined;
  return { outcome: record.no_cache ? "bypassed" : "miss", ttl_seconds };
}

function sharesOf({ waited_ms, run_ms, delay_ms, down_ms, engine_ms }: NodeTrack): TimeShares {
  return { waited_ms, run_ms, delay_ms, down_ms, engine_ms };
}

function explainStep(nodes: readonly NodeExplanation[], before: number | undefined, index: number): PathStep {
  const node = nodes[index];
  const { node_id = "", ended_ms = 0, waited_ms = 0, run_ms = 0, delay_ms = 0, down_ms = 0, engine_ms = 0 } = node ??
    {};
  const begun = before === undefined ? 0 : nodes[before]?.ended_ms ?? 0;
  return { node_id, total_ms: ended_ms - begun, waited_ms, run_ms, delay_ms, down_ms, engine_ms };
}

function sumEngineTime(nodes: readonly NodeExplanation[]): Explanation["engine"] {
  const ran = nodes.filter(({ attempts }) => attempts.length > 0);
  const total_ms = ran.reduce((sum, { engine_ms }) => sum + engine_ms, 0);
  return { total_ms, per_node_ms: ran.length === 0 ? 0 : Math.round(total_ms / ran.length * 100) / 100 };
}
