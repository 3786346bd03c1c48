import { abortError, systemClock } from "../engine/clock.ts";
import type { FlowError } from "../engine/errors.ts";

/** When to stop. */
export interface StopperOptions {
  signal: AbortSignal;
  /** Undefined: never because of time. */
  timeoutMs: number | undefined;
  timeoutError: (timeoutMs: number) => FlowError;
}

/** Rejects `stopped` when what is running has to be stopped. */
export class Stopper {
  readonly stopped: Promise<never>;
  /** Rejects `stopped`; only the first call counts. */
  readonly stop: (reason: unknown) => void;
  readonly #signal: AbortSignal;
  readonly #clearTimer: (() => void) | undefined;
  readonly #onAbort = () => this.stop(abortError(this.#signal));

  constructor({ signal, timeoutMs, timeoutError }: StopperOptions) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.stopped = promise;
    this.stopped.catch(() => {});
    this.stop = reject;
    this.#signal = signal;
    if (signal.aborted) this.#onAbort();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (timeoutMs === undefined) return;
    this.#clearTimer = systemClock.setTimer(timeoutMs, () => this.stop(timeoutError(timeoutMs)));
  }

  dispose(): void {
    this.#clearTimer?.();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
