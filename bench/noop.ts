import type { Figure, StoreKind } from "./figure.ts";
import type { NoopReport, NoopRequest } from "./noop_process.ts";

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
