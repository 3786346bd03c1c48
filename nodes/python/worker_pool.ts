import { abortError, systemClock } from "../../engine/clock.ts";

/** So long nothing of a pool becomes free before there are more workers: most calls are shorter than a start. */
const PATIENCE_MS = 100;

/** What a pool has to know of a worker. */
export interface PooledWorker {
  readonly isAlive: boolean;
  /** When it has started, or ended before that. Never rejects. */
  readonly started: Promise<void>;
}

/**
 * The workers of one execution with the same settings. Up to `warmWorkers` start at once. More do only when all that
 * are there stay busy, so that calls that wait for a network do not keep others from running: then there are twice as
 * many. While some are starting nothing can become free, and a machine that is slow because of them gets no more.
 */
export class WorkerPool<Worker extends PooledWorker> {
  readonly #start: () => Worker;
  readonly #warmWorkers: number;
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker | undefined) => void)[] = [];
  #busy = 0;
  #starting = 0;
  #stopPatience: (() => void) | undefined;

  /** `start` makes a worker that the caller of `acquire` owns. */
  constructor(start: () => Worker, warmWorkers: number) {
    this.#start = start;
    this.#warmWorkers = warmWorkers;
  }

  /** A worker that nobody else has; it has to be given back by `release`. `isNew`: it has just been started. */
  async acquire(signal: AbortSignal): Promise<{ worker: Worker; isNew: boolean }> {
    const idle = this.#popIdle() ?? (this.#busy < this.#warmWorkers ? undefined : await this.#waitForOne(signal));
    if (signal.aborted) {
      if (idle !== undefined) this.#offer(idle);
      throw abortError(signal);
    }
    const worker = idle ?? this.#startOne();
    this.#busy++;
    return { worker, isNew: idle === undefined };
  }

  /** A worker that is not alive any more is dropped. */
  release(worker: Worker): void {
    this.#busy--;
    if (worker.isAlive) this.#offer(worker);
    else this.#waiting.shift()?.(undefined);
    this.#restartPatience();
  }

  #startOne(): Worker {
    const worker = this.#start();
    this.#starting++;
    worker.started.then(() => {
      this.#starting--;
      this.#restartPatience();
    });
    return worker;
  }

  #popIdle(): Worker | undefined {
    for (;;) {
      const worker = this.#idle.pop();
      if (worker === undefined || worker.isAlive) return worker;
    }
  }

  #offer(worker: Worker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(worker);
    else next(worker);
  }

  /** Undefined when there should be one more. */
  async #waitForOne(signal: AbortSignal): Promise<Worker | undefined> {
    const { promise, resolve } = Promise.withResolvers<Worker | undefined>();
    this.#waiting.push(resolve);
    if (this.#stopPatience === undefined) this.#restartPatience();
    const giveUp = () => {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      if (this.#waiting.length === 0) this.#restartPatience();
      resolve(undefined);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Waits anew, if anybody waits, because something has become free or has started. */
  #restartPatience(): void {
    this.#stopPatience?.();
    this.#stopPatience = undefined;
    if (this.#waiting.length === 0 || this.#starting > 0) return;
    this.#stopPatience = systemClock.setTimer(PATIENCE_MS, () => {
      this.#stopPatience = undefined;
      const count = Math.max(1, this.#busy);
      for (const resolve of this.#waiting.splice(0, count)) resolve(undefined);
    });
  }
}
