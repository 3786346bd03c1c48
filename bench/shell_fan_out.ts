import type { Bench, Figure } from "./figure.ts";
import { storeLabel } from "./noop.ts";
import { interleave, timeMs } from "./rounds.ts";
import { runDocument, spawnBare, trueNode, withEngine } from "./shell_engine.ts";
import { independent } from "./workflows.ts";

/** The default of `max_parallel_nodes`. */
const PARALLEL = 10;

/** `true`, 100 times, 10 at a time: what the engine adds when processes start in parallel. */
export const shellFanOut: Bench = {
  name: "fan100",
  summary: "100 x `true` through shell.exec, 10 at a time, against bare Deno.Command at the same concurrency",
  async run({ smoke, stores }) {
    const figures: Figure[] = [];
    const count = smoke ? 20 : 100;
    for (const store of stores) {
      const [rounds = [], floor = []] = await withEngine(store, (engine) =>
        interleave(smoke ? 1 : 7, [
          () => timeMs(() => runDocument(engine, independent(count, trueNode))),
          () => timeMs(() => spawnBare(count, PARALLEL)),
        ]));
      figures.push({
        name: `${count} x true, 10 at a time, ${storeLabel(store)}`,
        unit: "ms",
        better: "lower",
        rounds,
        floor: { name: "bare Deno.Command, 10 at a time", rounds: floor },
        ...(store !== "sqlite-full" && { budget: { of: "ratio", limit: 1.25 } }),
      });
    }
    return figures;
  },
};
