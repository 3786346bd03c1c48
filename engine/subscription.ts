import type { EventBus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import type { ExecutionEvent } from "./events.ts";
import type { Store } from "./store.ts";

/** What to listen to, and from where. */
export interface SubscribeOptions {
  /** Only events with a greater seq; default 0: all. */
  after?: number;
  /** Ends the subscription quietly. */
  signal?: AbortSignal;
}

/** Where events come from. */
export interface EventSource {
  store: Store;
  bus: EventBus;
  clock: Clock;
  /** Whether the execution's events reach `bus`; those of another process have to be looked up. */
  isDrivenHere(executionId: string): boolean;
}

/** Events that a subscriber may be behind before it is sent back to the journal. */
const MAX_BUFFERED = 4096;
const PAGE = 1000;
/** How often to look for events that another process has written. */
const POLL_MS = 200;

/**
 * The events of one execution in order, from the journal first and then live, without gap or duplicate. Ends after
 * WorkflowCompleted, or when the execution has no living owner. A slow reader costs a bounded buffer and nobody's time.
 */
export async function* subscribe(
  source: EventSource,
  executionId: string,
  options: SubscribeOptions = {},
): AsyncGenerator<ExecutionEvent, void, undefined> {
  const live = new LiveBuffer(source, executionId);
  let seq = options.after ?? 0;
  try {
    while (!options.signal?.aborted) {
      const batch = live.take(seq) ?? await readJournal(source, executionId, seq, live);
      for (const event of batch) {
        if (options.signal?.aborted) return;
        seq = event.seq;
        yield event;
        if (event.type === "WorkflowCompleted") return;
      }
      if (batch.length > 0) continue;
      if (await isOver(source, executionId, seq)) return;
      await live.wait(options.signal);
    }
  } finally {
    live.close();
  }
}

async function readJournal(
  { store }: EventSource,
  executionId: string,
  after: number,
  live: LiveBuffer,
): Promise<ExecutionEvent[]> {
  const events = await store.readEvents(executionId, { after, limit: PAGE });
  live.isCaughtUp = events.length === 0;
  return events;
}

/** Whether no more events will come, though there was no WorkflowCompleted after `seq`. */
async function isOver(source: EventSource, executionId: string, seq: number): Promise<boolean> {
  if (source.isDrivenHere(executionId)) return false;
  const { store, clock } = source;
  const summary = await store.getSummary(executionId, clock.now());
  return summary === undefined || (summary.status !== "running" && summary.last_seq <= seq);
}

/** What the bus has brought since the journal was last read. */
class LiveBuffer {
  readonly #source: EventSource;
  readonly #executionId: string;
  readonly #detach: () => void;
  #events: ExecutionEvent[] = [];
  /** Whether everything that was published since the last `take` is in `#events`. */
  #isComplete = false;
  /** Whether the journal had nothing more when it was last read, so that only the bus can bring more. */
  isCaughtUp = false;
  #wake: (() => void) | undefined;

  constructor(source: EventSource, executionId: string) {
    this.#source = source;
    this.#executionId = executionId;
    this.#detach = source.bus.attach(executionId, (events) => this.#add(events));
  }

  /** The events right after `seq`, of which there may be none; undefined if the journal may have more. */
  take(seq: number): ExecutionEvent[] | undefined {
    const events = this.#events;
    const isComplete = this.#isComplete;
    this.#events = [];
    this.#isComplete = true;
    const first = events.findIndex((event) => event.seq > seq);
    if (isComplete && first >= 0 && events[first]?.seq === seq + 1) return events.slice(first);
    const isDrivenHere = this.#source.isDrivenHere(this.#executionId);
    return isComplete && first === -1 && this.isCaughtUp && isDrivenHere ? [] : undefined;
  }

  /** Until there is something, or it is time to look into the journal. An empty batch of the bus ends it too. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#events.length > 0 || !this.#isComplete || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        stopPolling?.();
        signal?.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const stopPolling = this.#source.isDrivenHere(this.#executionId)
        ? undefined
        : this.#source.clock.setTimer(POLL_MS, done);
      signal?.addEventListener("abort", done);
      this.#wake = done;
    });
  }

  close(): void {
    this.#detach();
    this.#events = [];
  }

  #add(events: readonly ExecutionEvent[]): void {
    if (this.#events.length + events.length > MAX_BUFFERED) {
      this.#events = [];
      this.#isComplete = false;
    }
    if (this.#isComplete) this.#events.push(...events);
    this.#wake?.();
  }
}
