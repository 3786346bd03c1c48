/**
 * Makes a trace of every execution from its events: execution, node, attempt. What an attempt has called is beneath it.
 *
 *   S1. Spans have the times of the events, whenever they are made.
 *   S2. What was open when the server ends is ended, and says that it was interrupted. What goes on later is a new span.
 */
import type { Span } from "@opentelemetry/api";
import type { ErrorInfo } from "../../engine/errors.ts";
import type { EventOf, ExecutionEvent, NodeSubject } from "../../engine/events.ts";
import type { CalledBy, Store } from "../../engine/store.ts";
import type { TracesPort } from "../ports.ts";
import { parseTraceparent, type SpanAttributes, type SpanFactory, type SpanParent } from "./span_factory.ts";

/** The spans of one execution that have not ended. */
interface Live {
  span: Span;
  /** By node id. */
  nodes: Map<string, Span>;
  /** By node id and item. */
  attempts: Map<string, Span>;
}

type NodeEnd = EventOf<"NodeCompleted"> | EventOf<"NodeFailed">;

/** Executions that were lost to another process are never seen to end; so are headers of those that never start. */
const MAX_KNOWN = 10_000;

export class ExecutionTraces implements TracesPort {
  readonly #spans: SpanFactory;
  readonly #store: Pick<Store, "getRecord">;
  readonly #live = new Map<string, Live>();
  readonly #parents = new Map<string, SpanParent>();

  constructor(spans: SpanFactory, store: Pick<Store, "getRecord">) {
    this.#spans = spans;
    this.#store = store;
  }

  continueFrom(executionId: string, traceparent: string | undefined): void {
    const parent = parseTraceparent(traceparent);
    if (parent === undefined) return;
    this.#parents.set(executionId, parent);
    const [oldest] = this.#parents.keys();
    if (this.#parents.size > MAX_KNOWN && oldest !== undefined) this.#parents.delete(oldest);
  }

  /** For `engine.listen`. */
  onEvents(events: readonly ExecutionEvent[]): void {
    for (const event of events) this.#onEvent(event);
  }

  /** Ends what has not ended. */
  close(): void {
    const now = Date.now();
    for (const live of this.#live.values()) this.#end(live, now, { "flow.interrupted": true });
    this.#live.clear();
  }

  #onEvent(event: ExecutionEvent): void {
    if (event.type === "WorkflowStarted" || event.type === "WorkflowResumed") return this.#begin(event);
    const live = this.#live.get(event.execution_id);
    if (live === undefined) return;
    switch (event.type) {
      case "NodeExpanded":
        // It is the items that are attempted; a span that is never ended is never exported.
        return void live.attempts.delete(keyOf(event));
      case "NodeStarted":
        return this.#beginAttempt(live, event);
      case "NodeRetrying":
        return this.#endAttempt(live, event, event.error);
      case "NodeRepeating":
        return this.#endAttempt(live, event);
      case "NodeCompleted":
        return this.#endNode(live, event);
      case "NodeFailed":
        return this.#endNode(live, event, event.error);
      case "WorkflowCompleted":
        this.#live.delete(event.execution_id);
        if (event.error !== undefined) this.#spans.fail(live.span, event.error);
        return this.#end(live, timeOf(event), { "flow.status": event.status });
    }
  }

  #begin(event: EventOf<"WorkflowStarted"> | EventOf<"WorkflowResumed">): void {
    const { execution_id } = event;
    const found = this.#store.getRecord(execution_id);
    // A database that is busy costs a called execution its place in the tree, not everybody their time.
    const record = found instanceof Promise ? void found.catch(() => {}) : found;
    const parent = this.#parents.get(execution_id) ?? this.#attemptOf(record?.called_by);
    this.#parents.delete(execution_id);
    const attributes: SpanAttributes = {
      "flow.execution_id": execution_id,
      "flow.workflow_id": record?.workflow.id,
      "flow.workflow_name": record?.workflow.name,
      "flow.resumed": event.type === "WorkflowResumed" ? true : undefined,
    };
    const span = this.#spans.start(
      `execution ${record?.workflow.name ?? ""}`.trim(),
      timeOf(event),
      attributes,
      parent,
    );
    this.#live.set(execution_id, { span, nodes: new Map(), attempts: new Map() });
    const [oldest] = this.#live;
    if (this.#live.size <= MAX_KNOWN || oldest === undefined) return;
    this.#live.delete(oldest[0]);
    this.#end(oldest[1], timeOf(event), { "flow.interrupted": true });
  }

  #attemptOf(caller: CalledBy | undefined): SpanParent {
    return caller && this.#live.get(caller.execution_id)?.attempts.get(keyOf(caller));
  }

  #nodeSpan(live: Live, event: ExecutionEvent & NodeSubject): Span {
    let span = live.nodes.get(event.node_id);
    if (span !== undefined) return span;
    span = this.#spans.start(`node ${event.node_id}`, timeOf(event), describe(event), live.span);
    live.nodes.set(event.node_id, span);
    return span;
  }

  #beginAttempt(live: Live, event: EventOf<"NodeStarted">): void {
    const node = this.#nodeSpan(live, event);
    node.setAttribute("flow.node_type", event.node_type);
    const attributes = {
      ...describe(event),
      "flow.node_type": event.node_type,
      "flow.attempt": event.attempt,
      "flow.index": event.index,
    };
    live.attempts.set(keyOf(event), this.#spans.start(event.node_type, timeOf(event), attributes, node));
  }

  #endAttempt(live: Live, event: ExecutionEvent & NodeSubject, error?: ErrorInfo): void {
    const span = live.attempts.get(keyOf(event));
    live.attempts.delete(keyOf(event));
    if (span !== undefined && error !== undefined) this.#spans.fail(span, error);
    span?.end(timeOf(event));
  }

  #endNode(live: Live, event: NodeEnd, error?: ErrorInfo): void {
    this.#endAttempt(live, event, error);
    if (event.index !== undefined) return;
    const span = this.#nodeSpan(live, event);
    live.nodes.delete(event.node_id);
    if (error !== undefined) this.#spans.fail(span, error);
    if ("cached" in event && event.cached) span.setAttribute("flow.cached", true);
    span.end(timeOf(event));
  }

  #end({ span, nodes, attempts }: Live, at: number, attributes: Record<string, string | boolean>): void {
    for (const open of [...attempts.values(), ...nodes.values(), span]) {
      if (open === span || "flow.interrupted" in attributes) open.setAttributes(attributes);
      open.end(at);
    }
  }
}

function describe({ execution_id, node_id, handler }: ExecutionEvent & NodeSubject): SpanAttributes {
  return { "flow.execution_id": execution_id, "flow.node_id": node_id, "flow.handler": handler };
}

function keyOf({ node_id, index }: { node_id: string; index?: number }): string {
  return `${index ?? ""} ${node_id}`;
}

function timeOf({ timestamp }: ExecutionEvent): number {
  return Date.parse(timestamp);
}
