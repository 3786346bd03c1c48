/**
 * Measures the budgets, each against a floor of the same run.
 *
 * `deno task bench [--smoke] [--json] [--only NAME]... [--store KIND]... [--prefect]`, or
 * `deno task bench --soak MINUTES`, which loads a server for so long and shows what it costs.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { dockerLines } from "./docker_lines.ts";
import { dockerRun } from "./docker_run.ts";
import { type Bench, type BenchMode, summarize, type Summary } from "./figure.ts";
import { live } from "./live.ts";
import { expressions } from "./expressions.ts";
import { noopChain } from "./noop_chain.ts";
import { noopFanOut } from "./noop_fan_out.ts";
import { noopMap } from "./noop_map.ts";
import { python } from "./python.ts";
import { sandbox } from "./sandbox.ts";
import { serverExecutions } from "./server_executions.ts";
import { shellChain } from "./shell_chain.ts";
import { shellFanOut } from "./shell_fan_out.ts";
import { soak } from "./soak.ts";
import { sqliteInserts } from "./sqlite_inserts.ts";
import { startup } from "./startup.ts";
import { isStoreKind, storeKinds } from "./stores.ts";
import { formatTable } from "./table.ts";

const benches: readonly Bench[] = [
  noopChain,
  noopFanOut,
  noopMap,
  expressions,
  shellChain,
  shellFanOut,
  startup,
  sqliteInserts,
  dockerRun,
  dockerLines,
  sandbox,
  live,
  serverExecutions,
  python,
];

/** What `--json` prints. */
interface BenchReport {
  machine: { os: string; cpus: number; cpu: string; deno: string };
  smoke: boolean;
  stores: readonly string[];
  results: (Summary & { bench: string })[];
}

async function runBenches(selected: readonly Bench[], mode: BenchMode): Promise<BenchReport> {
  const results: BenchReport["results"] = [];
  for (const bench of selected) {
    console.error(`${bench.name}: ${bench.summary} ...`);
    for (const figure of await bench.run(mode)) {
      if (mode.smoke) delete figure.budget;
      results.push({ bench: bench.name, ...summarize(figure) });
    }
  }
  const machine = { os: Deno.build.os, cpus: cpus().length, cpu: cpus()[0]?.model ?? "?", deno: Deno.version.deno };
  return { machine, smoke: mode.smoke, stores: mode.stores, results };
}

function selectBenches(names: readonly string[]): readonly Bench[] {
  const unknown = names.find((name) => !benches.some((bench) => bench.name === name));
  if (unknown !== undefined) refuse(`No bench "${unknown}"`, benches.map(({ name }) => name));
  return names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name));
}

function selectStores(names: readonly string[]): BenchMode["stores"] {
  if (names.length === 0) return storeKinds;
  return names.map((name) => isStoreKind(name) ? name : refuse(`No store "${name}"`, storeKinds));
}

function refuse(problem: string, known: readonly string[]): never {
  console.error(`${problem}; there are: ${known.join(", ")}`);
  Deno.exit(2);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      smoke: { type: "boolean", default: false },
      soak: { type: "string" },
      json: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      store: { type: "string", multiple: true, default: [] },
      prefect: { type: "boolean", default: false },
    },
  });
  if (values.soak !== undefined) {
    await soak(Number(values.soak));
    Deno.exit(0);
  }
  const mode: BenchMode = { smoke: values.smoke, stores: selectStores(values.store), prefect: values.prefect };
  const report = await runBenches(selectBenches(values.only), mode);
  console.log(values.json ? JSON.stringify(report, null, 2) : formatTable(report.results));
}
