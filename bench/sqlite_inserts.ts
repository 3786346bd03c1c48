import type { Bench, BenchMode, Figure, StoreKind } from "./figure.ts";
import { withFolder } from "./rounds.ts";
import { measureSqliteFloor } from "./sqlite_floor.ts";

/** What the disk and SQLite allow: no engine can be faster than this on the same machine. */
export const sqliteInserts: Bench = {
  name: "sqlite",
  summary: "Raw SQLite inserts, two per node: the floor of every durable figure",
  run: (mode) => withFolder((folder) => Promise.resolve(measure(mode, folder))),
};

function measure({ smoke }: BenchMode, folder: string): Figure[] {
  const figures: Figure[] = [];
  const kinds: Exclude<StoreKind, "memory">[] = ["sqlite-normal", "sqlite-full"];
  for (const kind of kinds) {
    for (const nodesPerCommit of [1, 500]) {
      const nodes = smoke ? 500 : kind === "sqlite-full" && nodesPerCommit === 1 ? 2000 : 20_000;
      const rounds = Array.from(
        { length: smoke ? 1 : 5 },
        () => measureSqliteFloor(kind, folder, nodes, nodesPerCommit),
      );
      figures.push({ name: `raw ${kind}, ${nodesPerCommit} per commit`, unit: "nodes/s", better: "higher", rounds });
    }
  }
  return figures;
}
