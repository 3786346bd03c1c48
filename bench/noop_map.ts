import type { Bench, BenchMode, Figure, StoreKind } from "./figure.ts";
import { insertFloors, LARGE, measureSizes, memoryFigures, runNoop, storeLabel } from "./noop.ts";

/** One no-op node that runs once per item: what an item costs, and what memory it leaves. */
export const noopMap: Bench = {
  name: "noop_map",
  summary: "Map of a no-op node",
  run: (mode) => measureSizes(mode, measure),
};

async function measure({ smoke }: BenchMode, store: StoreKind, count: number): Promise<Figure[]> {
  const rounds = smoke ? 1 : count === LARGE ? 3 : 7;
  const report = await runNoop({ shape: "map", count, store, rounds });
  const name = `map of a no-op node, ${count.toLocaleString("en")} items, ${storeLabel(store)}`;
  const speed: Figure = { name, unit: "items/s", better: "higher", rounds: report.nodesPerSecond };
  if (store !== "sqlite-full") speed.budget = { of: "value", limit: 20_000 };
  if (store !== "memory") {
    // Ten items end together, because so many run at a time by default.
    const floors = await insertFloors(store, rounds, smoke ? 200 : 20_000, 10);
    speed.floor = { name: "raw inserts, 10 items per commit", rounds: floors };
  }
  return store === "memory" ? [speed] : [speed, ...memoryFigures(name, report, 1024)];
}
