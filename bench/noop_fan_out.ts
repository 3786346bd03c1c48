import type { Bench, BenchMode, Figure, StoreKind } from "./figure.ts";
import { insertFloors, LARGE, measureSizes, memoryFigures, runNoop, storeLabel } from "./noop.ts";

/** A fan-out of no-op nodes: what a node costs when the journal can commit many at once, and what memory it leaves. */
export const noopFanOut: Bench = {
  name: "noop_fan_out",
  summary: "Fan-out of no-op nodes",
  run: (mode) => measureSizes(mode, measure),
};

async function measure({ smoke }: BenchMode, store: StoreKind, count: number): Promise<Figure[]> {
  const rounds = smoke ? 1 : count === LARGE ? 3 : 7;
  const report = await runNoop({ shape: "fan_out", count, store, rounds });
  const name = `no-op fan-out of ${count.toLocaleString("en")}, ${storeLabel(store)}`;
  const speed: Figure = { name, unit: "nodes/s", better: "higher", rounds: report.nodesPerSecond };
  if (store !== "sqlite-full") speed.budget = { of: "value", limit: 40_000 };
  if (store !== "memory") {
    const floors = await insertFloors(store, rounds, smoke ? 500 : 20_000, 500);
    speed.floor = { name: "raw inserts, 500 nodes per commit", rounds: floors };
  }
  return count === LARGE ? [speed, ...memoryFigures(name, report, 1024)] : [speed];
}
