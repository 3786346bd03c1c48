import type { Bench, Figure } from "./figure.ts";
import { storeLabel } from "./noop.ts";
import { interleave, timeMs } from "./rounds.ts";
import { runDocument, spawnBare, trueNode, withEngine } from "./shell_engine.ts";
import { chain } from "./workflows.ts";

/** `true`, 200 times in a row: what the engine adds to starting a process. */
export const shellChain: Bench = {
  name: "chain200",
  summary: "Chain of 200 x `true` through shell.exec, against a bare loop of Deno.Command",
  async run({ smoke, stores }) {
    const figures: Figure[] = [];
    const count = smoke ? 10 : 200;
    for (const store of stores) {
      const [rounds = [], floor = []] = await withEngine(store, (engine) =>
        interleave(smoke ? 1 : 7, [
          () => timeMs(() => runDocument(engine, chain(count, trueNode))),
          () => timeMs(() => spawnBare(count, 1)),
        ]));
      figures.push({
        name: `chain of ${count} x true, ${storeLabel(store)}`,
        unit: "ms",
        better: "lower",
        rounds,
        floor: { name: "bare Deno.Command loop", rounds: floor },
        ...(store !== "sqlite-full" && { budget: { of: "ratio", limit: 1.25 } }),
      });
    }
    return figures;
  },
};
