/**
 * Writes the history of one execution. The single writer of its journal: append (durable), reduce, publish.
 *
 *   R1. Events get their seq in the order of `record`, without gaps.
 *   R2. An event is appended before it is reduced, and reduced before anyone else sees it.
 *   R3. After a failed append nothing more is appended; `failure` says why and `onFailure` was called once.
 *   R4. What one turn of the executor records is one append; log lines ride along or, alone, wait for a microtask.
 */
import type { EventBus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { type FlowError, toFlowError } from "./errors.ts";
import type { EventBody, ExecutionEvent } from "./events.ts";
import { type ExecutionState, reduce } from "./state.ts";
import type { Awaitable, Store } from "./store.ts";

/** What a recorder works with. */
export interface RecorderOptions {
  store: Store;
  bus: EventBus;
  clock: Clock;
  /** Folded up to the newest event of the journal. */
  state: ExecutionState;
  onFailure(error: FlowError): void;
  /** Takes out what nobody may see; not asked about talk, which comes masked. */
  mask?: ((body: EventBody) => EventBody) | undefined;
}

export class Recorder {
  readonly state: ExecutionState;
  failure: FlowError | undefined;
  readonly #options: RecorderOptions;
  #pending: ExecutionEvent[] = [];
  /** Seq of the newest recorded event, and of the newest appended one. */
  #recorded: number;
  #appended: number;
  #appending: Promise<void> | undefined;
  #isFlushScheduled = false;
  #timestampMs = Number.NaN;
  #timestamp = "";

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.state = options.state;
    this.#recorded = this.#appended = options.state.last_seq;
  }

  /** Adds an event to the next append. */
  record(body: EventBody): void {
    const { execution_id } = this.state;
    const { mask } = this.#options;
    const shown = mask === undefined || body.type === "NodeEvent" ? body : mask(body);
    const header = { type: body.type, execution_id, seq: ++this.#recorded, timestamp: this.#now() };
    this.#pending.push(Object.assign(header, shown) as ExecutionEvent);
  }

  /** Adds an event that nobody waits for: it is appended with the next turn, or soon. */
  recordSoon(body: EventBody): void {
    this.record(body);
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      void this.flush();
    });
  }

  /** Resolves when all that was recorded before the call is durable and published, or when `failure` is set. */
  flush(): Awaitable<void> {
    if (this.#appending !== undefined) return this.#appending.then(() => this.flush());
    if (this.#pending.length === 0 || this.failure !== undefined) return;
    const events = this.#pending;
    this.#pending = [];
    try {
      const appended = this.#options.store.append(this.state.execution_id, this.#appended, events);
      if (!(appended instanceof Promise)) return this.#publish(events);
      this.#appending = appended.then(() => this.#publish(events), (error) => this.#fail(error)).finally(() => {
        this.#appending = undefined;
      });
      return this.#appending;
    } catch (error) {
      this.#fail(error);
    }
  }

  #publish(events: readonly ExecutionEvent[]): void {
    this.#appended += events.length;
    for (const event of events) reduce(this.state, event);
    this.#options.bus.publish(this.state.execution_id, events);
  }

  #fail(error: unknown): void {
    this.failure = toFlowError(error);
    this.#pending = [];
    this.#options.onFailure(this.failure);
  }

  #now(): string {
    const now = this.#options.clock.now();
    if (now !== this.#timestampMs) {
      this.#timestampMs = now;
      this.#timestamp = new Date(now).toISOString();
    }
    return this.#timestamp;
  }
}
