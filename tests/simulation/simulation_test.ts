import assert from "node:assert/strict";
import { createEngine } from "../../engine/engine.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { readAllEvents } from "../../engine/store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Random } from "../support/random.ts";
import { checkJournal } from "./invariants.ts";
import { WatchedStore } from "./watched_store.ts";
import { createScenario } from "./scenario.ts";
import { simSecrets, World } from "./world.ts";

const SEEDS = Number(Deno.env.get("FLOW_SIMULATION_SEEDS") ?? 3_000);
const FIRST_SEED = Number(Deno.env.get("FLOW_SIMULATION_FIRST") ?? 1);

/** Runs one random scenario to its end and answers all that went wrong. */
async function simulate(seed: number): Promise<{ problems: string[]; status: string }> {
  const clock = new FakeClock();
  const random = new Random(seed ^ 0x5eed);
  const scenario = createScenario(seed, { maxNodes: 200 });
  const world = new World(scenario, clock);
  const latency = random.chance(0.3) ? { clock, nextMs: () => random.int(0, 5) } : undefined;
  const store = new WatchedStore((event) => world.observe(event), latency);
  const engine = createEngine({ nodes: world.definitions(), store, clock, secrets: simSecrets, random: random.next });
  const execution = await engine.start(scenario.workflow);
  const seen: ExecutionEvent[] = [];
  const watching = (async () => {
    for await (const event of execution.events()) seen.push(event);
  })();
  const { cancelAtMs } = scenario;
  if (cancelAtMs !== undefined) clock.setTimer(cancelAtMs, () => execution.cancel("Simulated cancel"));
  const result = await clock.run(execution.result);
  const stillRunning = [...world.running];
  await clock.run(watching);
  await engine.close();

  const journal = await Array.fromAsync(readAllEvents(store, execution.execution_id));
  const problems = [...world.violations, ...checkJournal(scenario, journal)];
  if (stillRunning.length > 0) problems.push(`still running after the end: ${stillRunning.join(", ")}`);
  if (JSON.stringify(seen) !== JSON.stringify(journal)) problems.push("the subscriber did not see just the journal");
  const last = journal.at(-1);
  if (last?.type !== "WorkflowCompleted" || last.status !== result.status) problems.push("result and journal disagree");
  const whole = new Map(journal.flatMap((event) => {
    return "node_id" in event && event.index === undefined && event.handler === undefined
      ? [[event.node_id, event]]
      : [];
  }));
  const completed = [...whole.values()].filter(({ type }) => type === "NodeCompleted").length;
  if (result.completed_nodes !== completed) problems.push(`${result.completed_nodes} completed nodes: ${completed}`);
  return { problems, status: result.status };
}

Deno.test(`execute() keeps its invariants in ${SEEDS} random worlds`, async () => {
  const statuses = new Map<string, number>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { problems, status } = await simulate(seed).catch((error) => ({
      problems: [String(error.stack)],
      status: "",
    }));
    assert.deepEqual(problems, [], `seed ${seed}; run it alone: FLOW_SIMULATION_FIRST=${seed} FLOW_SIMULATION_SEEDS=1`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  if (SEEDS < 100) return;
  for (const status of ["succeeded", "failed", "cancelled"]) {
    assert.ok((statuses.get(status) ?? 0) > SEEDS / 50, `the worlds are too tame: ${JSON.stringify([...statuses])}`);
  }
});
