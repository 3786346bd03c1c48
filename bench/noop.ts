import type { BenchMode, Figure, StoreKind } from "./figure.ts";
import type { NoopReport, NoopRequest } from "./noop_process.ts";
import { withFolder } from "./rounds.ts";
import { measureSqliteFloor } from "./sqlite_floor.ts";

/** The number of nodes that shows whether time and memory stay linear. */
export const LARGE = 100_000;

/** Measures every store at every size: `full` waits for the disk, so that it is not measured at the large one. */
export async function measureSizes(
  mode: BenchMode,
  measure: (mode: BenchMode, store: StoreKind, count: number) => Promise<Figure[]>,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const store of mode.stores) {
    for (const count of mode.smoke ? [200] : store === "sqlite-full" ? [10_000] : [10_000, LARGE]) {
      figures.push(...await measure(mode, store, count));
    }
  }
  return figures;
}

/** What the disk allows: bare inserts of as many events, `perCommit` in a transaction; per second, for each round. */
export function insertFloors(
  store: Exclude<StoreKind, "memory">,
  rounds: number,
  inserts: number,
  perCommit: number,
): Promise<number[]> {
  return withFolder((folder) =>
    Promise.resolve(Array.from({ length: rounds }, () => measureSqliteFloor(store, folder, inserts, perCommit)))
  );
}

/** Runs no-op nodes in a process of their own. */
export async function runNoop(request: NoopRequest): Promise<NoopReport> {
  const script = new URL("./noop_process.ts", import.meta.url).href;
  const args = ["run", "-A", "--v8-flags=--expose-gc", script, JSON.stringify(request)];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`The no-op process failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as NoopReport;
}

/** What to call the figures of a store. */
export function storeLabel(store: StoreKind): string {
  return store === "memory" ? "memory" : `durable ${store.replace("sqlite-", "")}`;
}

/**
 * What an execution leaves in memory. The first one also pays for what a process loads once, so that the budget is for
 * the mean of the later ones: single rounds jump by whole blocks of the allocator, up and down.
 */
export function memoryFigures(name: string, report: NoopReport, limitBytes: number): Figure[] {
  const shared = { unit: "bytes", better: "lower", note: MEMORY_NOTE } as const;
  const [first = NaN] = report.rssBytesPerNode;
  const figures: Figure[] = [
    { ...shared, name: `${name}: RSS kept per node, first execution`, rounds: [first] },
    { ...shared, name: `${name}: heap kept per node`, rounds: [meanOfLater(report.heapBytesPerNode)] },
  ];
  const rss = [meanOfLater(report.rssBytesPerNode)];
  figures.push({
    ...shared,
    name: `${name}: RSS kept per node`,
    rounds: rss,
    budget: { of: "value", limit: limitBytes },
  });
  if (report.databaseBytesPerNode > 0) {
    const rounds = [report.databaseBytesPerNode];
    figures.push({ name: `${name}: database per node`, unit: "bytes", better: "lower", rounds });
  }
  return figures;
}

const MEMORY_NOTE =
  "kept per node: after the execution has ended and garbage is collected, the mean of all executions " +
  "but the first; the memory store keeps every event";

function meanOfLater(rounds: readonly number[]): number {
  const later = rounds.length > 1 ? rounds.slice(1) : rounds;
  return later.reduce((sum, value) => sum + value, 0) / later.length;
}
