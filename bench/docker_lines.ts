import { type Engine, parseWorkflow } from "../mod.ts";
import { type BareDocker, withDocker } from "./docker_bare.ts";
import { type Bench, medianOf } from "./figure.ts";
import { interleave } from "./rounds.ts";
import { withEngine } from "./shell_engine.ts";

/** Writes the time, in milliseconds since 1970, every 10 ms. */
const SCRIPT = `
import sys, time
for _ in range(int(sys.argv[1])):
    print(time.time() * 1000, flush=True)
    time.sleep(0.01)
`;

/** How old a line is when whoever follows an execution sees it. Container and host have the same clock. */
export const dockerLines: Bench = {
  name: "docker-lines",
  summary: "age of a line of a container when a subscriber gets it, against a bare attached client",
  run: ({ smoke }) =>
    withDocker(async (docker, bare) => {
      const command = ["python", "-c", SCRIPT, smoke ? "10" : "200"];
      const image = await docker.python();
      const config = { host: docker.host, image, command, network: "none", stdin_mode: "none", stream_output: true };
      const [rounds = [], floor = []] = await withEngine("sqlite-normal", (engine) =>
        interleave(smoke ? 1 : 5, [
          () => subscriberAge(engine, config),
          () => attachedAge(bare, image, command),
        ]));
      return [{
        name: "line of a container to a subscriber, median",
        unit: "ms",
        better: "lower",
        rounds,
        floor: { name: "line to a bare attached client", rounds: floor },
        budget: { of: "difference", limit: 2 },
      }];
    }),
};

/** Median over the lines of one execution. */
async function subscriberAge(engine: Engine, config: Record<string, unknown>): Promise<number> {
  const nodes = [{ id: "clock", node_type: "docker.run", config }];
  const workflow = await parseWorkflow({ id: "lines", nodes }, { registry: engine.registry });
  const execution = await engine.start(workflow, {});
  const ages: number[] = [];
  for await (const event of execution.events()) {
    if (event.type === "NodeEvent" && "line" in event.event) ages.push(now() - Number(event.event.line));
  }
  return medianOf(ages);
}

async function attachedAge(bare: BareDocker, image: string, command: readonly string[]): Promise<number> {
  const ages: number[] = [];
  await bare.run(image, command, (bytes) => {
    const seen = now();
    for (const [time] of new TextDecoder().decode(bytes).matchAll(/\d{13}\.\d+/g)) ages.push(seen - Number(time));
  });
  return medianOf(ages);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
