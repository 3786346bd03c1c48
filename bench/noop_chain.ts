import type { Bench, BenchMode, Figure, StoreKind } from "./figure.ts";
import { insertFloors, LARGE, measureSizes, runNoop, storeLabel } from "./noop.ts";

/** A chain of no-op nodes: what one hop costs. */
export const noopChain: Bench = {
  name: "noop_chain",
  summary: "Chain of no-op nodes",
  run: (mode) => measureSizes(mode, measure),
};

async function measure({ smoke }: BenchMode, store: StoreKind, count: number): Promise<Figure[]> {
  const rounds = smoke ? 1 : count === LARGE ? 3 : 7;
  const report = await runNoop({ shape: "chain", count, store, rounds });
  const figure: Figure = {
    name: `no-op chain of ${count.toLocaleString("en")}, ${storeLabel(store)}`,
    unit: "nodes/s",
    better: "higher",
    rounds: report.nodesPerSecond,
    budget: { of: "value", limit: 20_000 },
  };
  if (store === "memory") return [figure];
  const floors = await insertFloors(store, rounds, smoke ? 200 : 5000, 1);
  figure.floor = { name: "raw inserts, a commit per hop", rounds: floors };
  if (store === "sqlite-full") delete figure.budget;
  return [figure];
}
