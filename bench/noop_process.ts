/**
 * A process of its own for each no-op figure, so that memory and just-in-time compilation start from nothing.
 * `deno run -A --v8-flags=--expose-gc bench/noop_process.ts '{"shape":"chain","count":10000,"store":"memory","rounds":5}'`
 * answers a {@link NoopReport} on stdout.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { anyPorts, createEngine, defineNode, parseWorkflow } from "../mod.ts";
import type { StoreKind } from "./figure.ts";
import { withFolder } from "./rounds.ts";
import { openBenchStore } from "./stores.ts";
import { chain, fanOut, mapOver } from "./workflows.ts";

/** What to run. */
export interface NoopRequest {
  shape: "chain" | "fan_out" | "map";
  count: number;
  store: StoreKind;
  rounds: number;
  /** What stands in the config of each node, such as an expression. */
  note?: string | undefined;
}

/** What came out; one entry per round, the first one cold. */
export interface NoopReport {
  nodesPerSecond: number[];
  /** Resident memory that is still there after the execution has ended and garbage is collected, per node. */
  rssBytesPerNode: number[];
  heapBytesPerNode: number[];
  /** Size of the closed database, per node of all rounds; 0 without one. */
  databaseBytesPerNode: number;
}

const noop = defineNode({
  type: "bench.noop",
  version: 1,
  summary: "Do nothing",
  category: "bench",
  config: { note: z.string().optional() },
  inputs: anyPorts(),
  outputs: anyPorts(),
  run: () => ({ out: 1 }),
});

async function measureNoop(request: NoopRequest, folder: string): Promise<NoopReport> {
  const store = await openBenchStore(request.store, folder);
  const engine = createEngine({ nodes: [noop], store });
  const document = createDocument(request);
  const workflow = await parseWorkflow(document, { registry: engine.registry });
  const report: NoopReport = { nodesPerSecond: [], rssBytesPerNode: [], heapBytesPerNode: [], databaseBytesPerNode: 0 };
  for (let round = 0; round < request.rounds; round++) {
    const before = settledMemory();
    const started = performance.now();
    const execution = await engine.start(workflow, { inputs: { value: "x" } });
    const { status, completed_nodes } = await execution.result;
    const units = request.shape === "map" ? request.count : completed_nodes;
    const seconds = (performance.now() - started) / 1000;
    if (status !== "succeeded") throw new Error(`The measured execution ended ${status}`);
    const after = settledMemory();
    report.nodesPerSecond.push(units / seconds);
    report.rssBytesPerNode.push((after.rss - before.rss) / units);
    report.heapBytesPerNode.push((after.heapUsed - before.heapUsed) / units);
  }
  await engine.close();
  await store.close();
  const nodes = (request.shape === "map" ? request.count : workflow.nodes.length) * request.rounds;
  report.databaseBytesPerNode = await fileSize(join(folder, "flow.db")) / nodes;
  return report;
}

function createDocument({ shape, count, note }: NoopRequest) {
  const config = note === undefined ? {} : { note };
  const node = { node_type: noop.type, config, from_port: "out", to_port: "in" };
  return { chain, fan_out: fanOut, map: mapOver }[shape](count, node);
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

function settledMemory(): Deno.MemoryUsage {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Run this with --v8-flags=--expose-gc");
  for (let time = 0; time < 3; time++) gc();
  return Deno.memoryUsage();
}

if (import.meta.main) {
  const request = JSON.parse(Deno.args[0] ?? "") as NoopRequest;
  console.log(JSON.stringify(await withFolder((folder) => measureNoop(request, folder))));
}
