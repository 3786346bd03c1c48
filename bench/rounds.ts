import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Calls each of `measures` in turn, `count` times over, so that a slow minute of the machine hits all alike. */
export async function interleave(count: number, measures: (() => Promise<number>)[]): Promise<number[][]> {
  const rounds = measures.map((): number[] => []);
  for (let round = 0; round < count; round++) {
    for (const [index, measure] of measures.entries()) rounds[index]?.push(await measure());
  }
  return rounds;
}

/** Milliseconds that `work` takes. */
export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Hands a new folder to `work` and deletes it afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "flow-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
