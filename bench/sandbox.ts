import { bwrapCommand } from "../nodes/sandbox/bwrap_arguments.ts";
import { inspectHost } from "../nodes/sandbox/host.ts";
import type { SandboxRequest } from "../nodes/sandbox/sandbox.ts";
import { getPlatform } from "../platform/mod.ts";
import type { Bench, Figure } from "./figure.ts";
import { interleave, timeMs } from "./rounds.ts";
import { runDocument, spawnBare, trueNode, withEngine } from "./shell_engine.ts";
import { chain } from "./workflows.ts";

const REQUEST: SandboxRequest = {
  command: ["true"],
  env: {},
  files: new Map(),
  stdin: undefined,
  network: false,
  limits: { memoryMb: 1024, pids: 256 },
  binds: [],
};

/** `true` in sandboxes, one after the other: what a sandbox costs, and what of that is ours. */
export const sandbox: Bench = {
  name: "sandbox",
  summary: "`true` through sandbox.exec, against a plain spawn and against bubblewrap alone",
  async run({ smoke }) {
    const host = await inspectHost(getPlatform()).catch((error: Error) => error.message);
    if (typeof host === "string") {
      console.error(`sandbox: skipped, ${host}`);
      return [];
    }
    const count = smoke ? 3 : 50;
    const document = chain(count, { ...trueNode, node_type: "sandbox.exec" });
    const each = (work: () => Promise<unknown>) => async () => await timeMs(work) / count;
    const { command, args, env } = bwrapCommand(host, REQUEST, []);
    const spawnBwrap = async () => {
      for (let left = count; left > 0; left--) await new Deno.Command(command, { args, env, clearEnv: true }).output();
    };
    const [rounds = [], plain = [], bwrap = []] = await withEngine("memory", (engine) =>
      interleave(smoke ? 1 : 7, [
        each(() => runDocument(engine, document)),
        each(() => spawnBare(count, 1)),
        each(spawnBwrap),
      ]));
    const figure = (floor: NonNullable<Figure["floor"]>, budget: NonNullable<Figure["budget"]>): Figure => ({
      name: `true in a sandbox, over ${floor.name}`,
      unit: "ms",
      better: "lower",
      rounds,
      floor,
      budget,
    });
    return [
      figure({ name: "bare Deno.Command", rounds: plain }, { of: "difference", limit: 10 }),
      figure({ name: "bare bubblewrap", rounds: bwrap }, { of: "ratio", limit: 1.25 }),
    ];
  },
};
