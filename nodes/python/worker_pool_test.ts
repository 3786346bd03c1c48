import assert from "node:assert/strict";
import { type PooledWorker, WorkerPool } from "./worker_pool.ts";

class FakeWorker implements PooledWorker {
  isAlive = true;
  readonly #start = Promise.withResolvers<void>();
  readonly started = this.#start.promise;

  finishStart(): void {
    this.#start.resolve();
  }
}

/** A pool of two, and the workers that it has started. */
function createPool(): { pool: WorkerPool<FakeWorker>; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const pool = new WorkerPool(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  }, 2);
  return { pool, workers };
}

const { signal } = new AbortController();
/** Longer than a pool is patient. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 150));

Deno.test("WorkerPool starts no more workers while those that it has are starting", async () => {
  const { pool, workers } = createPool();
  const calls = Array.from({ length: 6 }, () => pool.acquire(signal));
  await pause();
  assert.equal(workers.length, 2);
  for (const worker of workers) worker.finishStart();
  // Those that became free serve all others.
  for (const call of calls) pool.release((await call).worker);
  assert.equal(workers.length, 2);
});

Deno.test("WorkerPool doubles its workers when all of them stay busy", async () => {
  const { pool, workers } = createPool();
  const calls = Array.from({ length: 7 }, () => pool.acquire(signal));
  for (const expected of [2, 4, 7]) {
    for (const worker of workers) worker.finishStart();
    assert.equal(workers.length, expected);
    await pause();
  }
  for (const call of calls) pool.release((await call).worker);
  const { worker, isNew } = await pool.acquire(signal);
  assert.deepEqual([workers.includes(worker), isNew], [true, false]);
});

Deno.test("WorkerPool starts another worker for one that has died, and hands out none that is dead", async () => {
  const { pool, workers } = createPool();
  const first = await pool.acquire(signal);
  const second = await pool.acquire(signal);
  const waiting = pool.acquire(signal);
  first.worker.isAlive = false;
  pool.release(first.worker);
  assert.equal((await waiting).isNew, true);
  pool.release(second.worker);
  second.worker.isAlive = false;
  assert.equal((await pool.acquire(signal)).isNew, true);
  assert.equal(workers.length, 4);
  for (const worker of workers) worker.finishStart();
});

Deno.test("WorkerPool forgets calls that are given up, and wastes no worker on them", async () => {
  const { pool, workers } = createPool();
  const first = await pool.acquire(signal);
  await pool.acquire(signal);
  for (const worker of workers) worker.finishStart();
  const stop = new AbortController();
  const waiting = pool.acquire(stop.signal);
  stop.abort(new Error("given up"));
  await assert.rejects(waiting, /Cancelled/);
  await pause();
  assert.equal(workers.length, 2);
  pool.release(first.worker);
  assert.equal((await pool.acquire(signal)).worker, first.worker);
});
