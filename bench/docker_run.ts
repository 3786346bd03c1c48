import { withDocker } from "./docker_bare.ts";
import type { Bench, Figure } from "./figure.ts";
import { storeLabel } from "./noop.ts";
import { interleave, timeMs } from "./rounds.ts";
import { runDocument, withEngine } from "./shell_engine.ts";
import { chain } from "./workflows.ts";

const COMMAND = ["echo", "hello"];

/** Containers one after the other: what the node and the engine add to the calls of the Docker API. */
export const dockerRun: Bench = {
  name: "docker",
  summary: "chain of `echo` through docker.run, against bare calls of the Docker API",
  run: ({ smoke, stores }) =>
    withDocker(async ({ host, busybox }, bare) => {
      const figures: Figure[] = [];
      const count = smoke ? 2 : 10;
      const config = { host, image: busybox, command: COMMAND, network: "none", stdin_mode: "none" };
      const document = chain(count, { node_type: "docker.run", config, from_port: "output", to_port: "data" });
      for (const store of stores) {
        const [rounds = [], floor = []] = await withEngine(store, (engine) =>
          interleave(smoke ? 1 : 7, [
            () => timeMs(() => runDocument(engine, document)),
            () =>
              timeMs(async () => {
                for (let left = count; left > 0; left--) await bare.run(busybox, COMMAND);
              }),
          ]));
        figures.push({
          name: `chain of ${count} x echo in a container, ${storeLabel(store)}`,
          unit: "ms",
          better: "lower",
          rounds,
          floor: { name: "bare Docker API calls", rounds: floor },
          budget: { of: "ratio", limit: 1.1 },
        });
      }
      return figures;
    }),
};
