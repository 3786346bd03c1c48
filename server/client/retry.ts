import { type Clock, sleep } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  return error instanceof FlowError &&
    (error.code === "unavailable" || error.code === "rate_limited" || error.code === "timeout");
}

/** Pauses between attempts: each twice as long as the one before, of random length, until patience runs out. */
export class Backoff {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  #pauseMs = FIRST_PAUSE_MS;
  #since: number | undefined;

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /** To be called when there has been progress. */
  reset(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#since = undefined;
  }

  /** Waits before the next attempt; false if patience has run out. Rejects as soon as `signal` aborts. */
  async pause(signal: AbortSignal | undefined): Promise<boolean> {
    this.#since ??= this.#clock.monotonic();
    if (this.#clock.monotonic() - this.#since >= this.#patienceMs) return false;
    await sleep(this.#clock, this.#pauseMs * (0.5 + Math.random() / 2), signal);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    return true;
  }
}
