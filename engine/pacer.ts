import type { Clock } from "./clock.ts";

/** After so long without a pause, timers, signals and sockets get their turn. */
const MAX_WORK_MS = 8;

/** Keeps work that never has to wait from locking out everything else in the process. */
export class Pacer {
  readonly #clock: Clock;
  #pausedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#pausedAt = clock.monotonic();
  }

  /** Pauses if it is time to. */
  async pause(): Promise<void> {
    if (this.#clock.monotonic() - this.#pausedAt < MAX_WORK_MS) return;
    await this.#clock.yield();
    this.#pausedAt = this.#clock.monotonic();
  }
}
