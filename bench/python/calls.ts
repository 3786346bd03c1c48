import { createEngine, parseWorkflow } from "../../mod.ts";
import { encodeFrame, FrameSplitter } from "../../nodes/python/frames.ts";
import { getPlatform } from "../../platform/mod.ts";
import { createPythonTask } from "../../nodes/python_task.ts";
import type { BenchMode, Figure } from "../figure.ts";
import { storeLabel } from "../noop.ts";
import { interleave, timeMs, withFolder } from "../rounds.ts";
import { openBenchStore } from "../stores.ts";
import { chain } from "../workflows.ts";
import { packageVariables, scriptPath } from "./contenders.ts";

/** What a call of a warm worker costs, against handing a message to a Python process and back. */
export async function callFigures(python: string, { smoke, stores }: BenchMode): Promise<Figure[]> {
  const figures: Figure[] = [];
  const calls = smoke ? 5 : 300;
  for (const store of stores) {
    const [one = [], further = [], floor = []] = await withRunner(python, store, (run) =>
      interleave(smoke ? 1 : 7, [
        () => timeMs(() => run(1)),
        () => run(1 + calls),
        () => roundTripMs(python, calls),
      ]));
    const shared = { unit: "ms", better: "lower" } as const;
    figures.push(
      { ...shared, name: `execution of one Python call, its worker included, ${storeLabel(store)}`, rounds: one },
      {
        ...shared,
        name: `each further Python call in a chain, ${storeLabel(store)}`,
        rounds: further,
        floor: { name: "round trip over pipes", rounds: floor },
        budget: { of: "value", limit: 3 },
      },
    );
  }
  return figures;
}

/** `run` answers the mean milliseconds of a call after the first, which starts the worker. */
async function withRunner<T>(
  python: string,
  store: BenchMode["stores"][number],
  work: (run: (calls: number) => Promise<number>) => Promise<T>,
): Promise<T> {
  return await withFolder(async (folder) => {
    const opened = await openBenchStore(store, folder);
    const engine = createEngine({ nodes: [createPythonTask(getPlatform())], store: opened });
    const { PYTHONPATH = "" } = packageVariables();
    const config = { python, file: scriptPath("plain.py"), function: "first", path: [PYTHONPATH] };
    try {
      return await work(async (calls) => {
        const template = { node_type: "python.task", config, from_port: "result", to_port: "value" };
        const document = { ...chain(calls, template), inputs: { value: {} } };
        const workflow = await parseWorkflow(document, { registry: engine.registry });
        const execution = await engine.start(workflow, { inputs: { value: 1 } });
        const ends: number[] = [];
        for await (const { type } of execution.events()) if (type === "NodeCompleted") ends.push(performance.now());
        const { status } = await execution.result;
        if (status !== "succeeded") throw new Error(`The measured execution ended ${status}`);
        return ((ends.at(-1) ?? NaN) - (ends[0] ?? NaN)) / (calls - 1);
      });
    } finally {
      await engine.close();
      await opened.close();
    }
  });
}

/** Mean milliseconds of a message to a Python process that answers it, one after the other. */
async function roundTripMs(python: string, count: number): Promise<number> {
  const args = ["-u", scriptPath("pipe_echo.py")];
  const child = new Deno.Command(python, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  let answers = 0;
  const frames = new FrameSplitter(() => answers++);
  const exchange = async () => {
    const wanted = answers + 1;
    await writer.write(encodeFrame('{"inputs":{"value":1}}'));
    while (answers < wanted) frames.push((await reader.read()).value ?? new Uint8Array());
  };
  await exchange();
  const ms = await timeMs(async () => {
    for (let left = count; left > 0; left--) await exchange();
  });
  await writer.close();
  await reader.cancel();
  await child.status;
  return ms / count;
}
