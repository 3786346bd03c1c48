import { abortError, systemClock } from "../../engine/clock.ts";
import type { PythonWorker } from "./worker.ts";

/** So long a call waits for a worker to become free before there is one more: most calls are shorter than a start. */
const PATIENCE_MS = 100;

/**
 * The workers of one execution with the same settings. There are as many as have been busy at the same time: up to
 * `warmWorkers` start at once, more only when those that are there stay busy, so that calls that wait for a network do
 * not keep others from running.
 */
export class WorkerPool {
  readonly #start: () => PythonWorker;
  readonly #warmWorkers: number;
  readonly #idle: PythonWorker[] = [];
  readonly #waiting: ((worker: PythonWorker | undefined) => void)[] = [];
  #busy = 0;

  /** `start` makes a worker that the caller of `acquire` owns. */
  constructor(start: () => PythonWorker, warmWorkers: number) {
    this.#start = start;
    this.#warmWorkers = warmWorkers;
  }

  /** A worker that nobody else has; it has to be given back by `release`. `isNew`: it has just been started. */
  async acquire(signal: AbortSignal): Promise<{ worker: PythonWorker; isNew: boolean }> {
    const idle = this.#popIdle() ?? (this.#busy < this.#warmWorkers ? undefined : await this.#waitForOne(signal));
    if (signal.aborted) {
      if (idle !== undefined) this.#offer(idle);
      throw abortError(signal);
    }
    const worker = idle ?? this.#start();
    this.#busy++;
    return { worker, isNew: idle === undefined };
  }

  /** A worker that is not alive any more is dropped. */
  release(worker: PythonWorker): void {
    this.#busy--;
    if (worker.isAlive) this.#offer(worker);
    else this.#waiting.shift()?.(undefined);
  }

  #popIdle(): PythonWorker | undefined {
    for (;;) {
      const worker = this.#idle.pop();
      if (worker === undefined || worker.isAlive) return worker;
    }
  }

  #offer(worker: PythonWorker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(worker);
    else next(worker);
  }

  /** Undefined when there should be one more. */
  async #waitForOne(signal: AbortSignal): Promise<PythonWorker | undefined> {
    const { promise, resolve } = Promise.withResolvers<PythonWorker | undefined>();
    this.#waiting.push(resolve);
    const giveUp = () => {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      resolve(undefined);
    };
    const clear = systemClock.setTimer(PATIENCE_MS, giveUp);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await promise;
    } finally {
      clear();
      signal.removeEventListener("abort", giveUp);
    }
  }
}
