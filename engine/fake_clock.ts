import type { Clock } from "./clock.ts";

interface Timer {
  due: number;
  order: number;
  callback: () => void;
}

/** A clock that stands still until `run` or `advance` moves it: no test waits for real time. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(now = Date.parse("2026-01-01T00:00:00Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  yield(): Promise<void> {
    return Promise.resolve();
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { due: this.#now + Math.max(0, ms), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass from timer to timer until `promise` has settled; throws if nothing could ever settle it. While `pause`
   * answers a promise, something goes on that real time decides about: nothing moves until it has changed.
   */
  async run<T>(promise: Promise<T>, pause: () => Promise<void> | undefined = () => undefined): Promise<T> {
    let settled = false;
    const end = promise.then(() => settled = true, () => settled = true);
    for (;;) {
      await idle();
      if (settled) return await promise;
      const change = pause();
      if (change !== undefined) await Promise.race([change, end]);
      else if (!this.#fireNext()) throw new Error("Nothing is going to happen any more: no timer is armed");
    }
  }

  /** Moves time on by `ms`, firing what is due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await idle();
      const next = this.#next();
      if (next === undefined || next.due > end) break;
      this.#fireNext();
    }
    this.#now = end;
    await idle();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }

  #fireNext(): boolean {
    const next = this.#next();
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.due);
    next.callback();
    return true;
  }
}

/** Until all microtasks have run. */
export function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
