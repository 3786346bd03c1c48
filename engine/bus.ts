import type { ExecutionEvent } from "./events.ts";

/** Gets events right after they have become durable, in order, a batch at a time. Must not throw. */
export type BusListener = (events: readonly ExecutionEvent[]) => void;

/**
 * Carries durable events to whoever listens in this process. Keeps nothing: a listener that cannot follow reads the
 * journal (see `subscribe`), so a slow one hurts only itself.
 */
export class EventBus {
  readonly #byExecution = new Map<string, Set<BusListener>>();
  readonly #all = new Set<BusListener>();

  publish(executionId: string, events: readonly ExecutionEvent[]): void {
    for (const listener of this.#byExecution.get(executionId) ?? []) listener(events);
    for (const listener of this.#all) listener(events);
  }

  /** Listens to one execution, or to all of this process without an id. The answer stops it. */
  attach(executionId: string | undefined, listener: BusListener): () => void {
    if (executionId === undefined) {
      this.#all.add(listener);
      return () => this.#all.delete(listener);
    }
    const listeners = this.#byExecution.get(executionId) ?? new Set();
    this.#byExecution.set(executionId, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#byExecution.delete(executionId);
    };
  }
}
