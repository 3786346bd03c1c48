import { stringifyEvent } from "../../engine/event_text.ts";
import type { ExecutionEvent } from "../../engine/events.ts";

const encoder = new TextEncoder();

/** One event as it leaves, made text once for all who get it. */
export class Frame {
  /** Where a reader that has got this goes on after: grows from frame to frame of a feed. */
  readonly id: number;
  /** The event in JSON. */
  readonly json: string;
  /** Whether nothing follows it. */
  readonly isLast: boolean;
  #sse: Uint8Array | undefined;
  #line: Uint8Array | undefined;

  constructor(id: number, json: string, isLast: boolean) {
    this.id = id;
    this.json = json;
    this.isLast = isLast;
  }

  /** As an event of a `text/event-stream`, with the id that `Last-Event-ID` brings back. */
  get sse(): Uint8Array {
    return this.#sse ??= encoder.encode(`id: ${this.id}\ndata: ${this.json}\n\n`);
  }

  /** As a line of `application/x-ndjson`. */
  get line(): Uint8Array {
    return this.#line ??= encoder.encode(`${this.json}\n`);
  }
}

/** An event in the feed of its execution, where its seq is its place. */
export function frameOfExecution(event: ExecutionEvent): Frame {
  return new Frame(event.seq, stringifyEvent(event), event.type === "WorkflowCompleted");
}

/** An event in the feed of all executions, which says its place in front of the event's own fields. */
export function frameOfAll(position: number, event: ExecutionEvent): Frame {
  return new Frame(position, `{"position":${position},${stringifyEvent(event).slice(1)}`, false);
}
