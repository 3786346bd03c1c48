import { type Clock, sleep } from "../../engine/clock.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { MemoryStore } from "../../engine/memory_store.ts";

/** A memory store that tells of every event at the moment it is durable, and can take its time for that. */
export class WatchedStore extends MemoryStore {
  readonly #onDurable: (event: ExecutionEvent) => void;
  readonly #latency: { clock: Clock; nextMs: () => number } | undefined;

  constructor(onDurable: (event: ExecutionEvent) => void, latency?: { clock: Clock; nextMs: () => number }) {
    super();
    this.#onDurable = onDurable;
    this.#latency = latency;
  }

  override append(executionId: string, after: number, events: readonly ExecutionEvent[]): void | Promise<void> {
    if (this.#latency === undefined) return this.#append(executionId, after, events);
    const { clock, nextMs } = this.#latency;
    return sleep(clock, nextMs()).then(() => this.#append(executionId, after, events));
  }

  #append(executionId: string, after: number, events: readonly ExecutionEvent[]): void {
    super.append(executionId, after, events);
    for (const event of events) this.#onDurable(event);
  }
}
