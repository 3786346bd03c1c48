import type { Bench, BenchMode, Figure } from "./figure.ts";
import { withBenchServer } from "./live_server.ts";
import { callFigures } from "./python/calls.ts";
import {
  type Contender,
  findPython,
  flowengine,
  flowengineOnServer,
  importMs,
  plainPython,
  runScript,
  type ScriptCost,
} from "./python/contenders.ts";
import { withPrefect } from "./python/prefect.ts";
import { interleave, withFolder } from "./rounds.ts";

const WORKLOADS = [
  { workload: "three", name: "3 tasks" },
  { workload: "map", name: "100 mapped tasks" },
  { workload: "chain", name: "chain of 200 tasks" },
] as const;
const NOTE =
  "Python scripts: from the start of Python to its end, with two runs of the flow; CPU is that of all processes";

/** The Python package: its import, its calls, and whole scripts; with `--prefect`, those of Prefect in the same run. */
export const python: Bench = {
  name: "python",
  summary:
    "import, calls and scripts of the Python package, against plain Python; --prefect installs Prefect to compare",
  run: (mode) =>
    withFolder(async (folder) => {
      const interpreter = await findPython();
      const own = [plainPython(interpreter), flowengine(interpreter, folder)];
      const figures = await callFigures(interpreter, mode);
      const compared = await withBenchServer(({ url, pid }) => {
        const ours = [...own, flowengineOnServer(interpreter, url, pid)];
        if (!mode.prefect) return compare(ours, mode);
        return withPrefect(interpreter, folder, (others) => compare([...ours, ...others], mode));
      });
      return [...figures, ...compared];
    }),
};

async function compare(contenders: readonly Contender[], { smoke, prefect }: BenchMode): Promise<Figure[]> {
  const rounds = smoke ? 1 : prefect ? 3 : 5;
  // Once without counting: Python writes down its byte code, Deno fills its code cache, Prefect makes its database.
  for (const contender of contenders) await runScript(contender, "three");
  const figures = await importFigures(contenders, smoke ? 1 : 9);
  for (const { workload, name } of smoke ? WORKLOADS.slice(0, 1) : WORKLOADS) {
    const costs = contenders.map((): ScriptCost[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, contender] of contenders.entries()) costs[index]?.push(await runScript(contender, workload));
    }
    figures.push(...scriptFigures(name, contenders, costs));
  }
  return figures;
}

async function importFigures(contenders: readonly Contender[], count: number): Promise<Figure[]> {
  const measured = [{ name: "flowengine", limit: 150 }, { name: "prefect", limit: undefined }].flatMap((module) => {
    const contender = contenders.find(({ script }) => script === `with_${module.name}.py`);
    return contender === undefined ? [] : [{ ...module, contender }];
  });
  const rounds = await interleave(count, measured.map(({ name, contender }) => () => importMs(contender, name)));
  return measured.map(({ name, limit }, index) => ({
    name: `import ${name}`,
    unit: "ms",
    better: "lower",
    rounds: rounds[index] ?? [],
    ...(limit !== undefined && { budget: { of: "value", limit } }),
  }));
}

/** What the first contender costs is the floor of all. */
function scriptFigures(name: string, contenders: readonly Contender[], costs: ScriptCost[][]): Figure[] {
  const [floor, ...others] = contenders.map((contender, index) => ({ contender, costs: costs[index] ?? [] }));
  const kinds = [
    { label: "script", unit: "ms", pick: (cost: ScriptCost) => cost.wallMs },
    { label: "script", unit: "ms of CPU", pick: (cost: ScriptCost) => cost.cpuMs },
    { label: "second run", unit: "ms", pick: (cost: ScriptCost) => cost.runMs },
  ];
  return kinds.flatMap(({ label, unit, pick }) =>
    others.map(({ contender, costs }): Figure => ({
      name: `${name}, ${contender.name}: ${label}`,
      unit,
      better: "lower",
      rounds: costs.map(pick),
      ...(label === "script" &&
        { floor: { name: floor?.contender.name ?? "", rounds: (floor?.costs ?? []).map(pick) } }),
      note: NOTE,
    }))
  );
}
