import type { Bench, BenchMode, Figure, StoreKind } from "./figure.ts";
import { runNoop, storeLabel } from "./noop.ts";
import { withFolder } from "./rounds.ts";
import { measureSqliteFloor } from "./sqlite_floor.ts";

/** A chain of no-op nodes: what one hop costs. */
export const noopChain: Bench = {
  name: "noop_chain",
  summary: "Chain of no-op nodes",
  async run(mode) {
    const figures: Figure[] = [];
    for (const store of mode.stores) {
      for (const count of mode.smoke ? [200] : store === "sqlite-full" ? [10_000] : [10_000, 100_000]) {
        figures.push(await measure(mode, store, count));
      }
    }
    return figures;
  },
};

async function measure({ smoke }: BenchMode, store: StoreKind, count: number): Promise<Figure> {
  const rounds = smoke ? 1 : count > 10_000 ? 3 : 7;
  const report = await runNoop({ shape: "chain", count, store, rounds });
  const figure: Figure = {
    name: `no-op chain of ${count.toLocaleString("en")}, ${storeLabel(store)}`,
    unit: "nodes/s",
    better: "higher",
    rounds: report.nodesPerSecond,
    budget: { of: "value", limit: 20_000 },
  };
  if (store === "memory") return figure;
  const floors = await withFolder((folder) =>
    Promise.resolve(Array.from({ length: rounds }, () => measureSqliteFloor(store, folder, smoke ? 200 : 5000, 1)))
  );
  figure.floor = { name: "raw inserts, a commit per hop", rounds: floors };
  if (store === "sqlite-full") delete figure.budget;
  return figure;
}
