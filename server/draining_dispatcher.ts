import type { AttemptOutcome, AttemptRequest, Dispatcher } from "../engine/dispatcher.ts";
import { abortError } from "../engine/clock.ts";

/**
 * Lets what runs come to its end before the server does. From `drain` on, attempts that are dispatched do not begin any
 * more; when the engine is closed they count as interrupted, and are made when the execution is resumed.
 */
export class DrainingDispatcher implements Dispatcher {
  readonly #inner: Dispatcher;
  #running = 0;
  #isDraining = false;
  readonly #drained = Promise.withResolvers<void>();

  constructor(inner: Dispatcher) {
    this.#inner = inner;
  }

  /** How many attempts are being made. */
  get running(): number {
    return this.#running;
  }

  async dispatch(request: AttemptRequest): Promise<AttemptOutcome> {
    // A node that must not be interrupted would fail for ever if it were, although it never ran.
    if (this.#isDraining && request.node.spec.on_interrupt !== "fail") return await untilAborted(request.signal);
    this.#running++;
    try {
      return await this.#inner.dispatch(request);
    } finally {
      this.#running--;
      this.#settle();
    }
  }

  /** Begins nothing more; resolves when nothing runs. */
  drain(): Promise<void> {
    this.#isDraining = true;
    this.#settle();
    return this.#drained.promise;
  }

  #settle(): void {
    if (this.#isDraining && this.#running === 0) this.#drained.resolve();
  }
}

function untilAborted(signal: AbortSignal): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    const end = () => resolve({ error: abortError(signal) });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
