import assert from "node:assert/strict";
import { createEngine, type Engine } from "../../engine/engine.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { everyNode } from "../../engine/handlers.ts";
import { MemoryStore } from "../../engine/memory_store.ts";
import { type ExecutionRecord, readAllEvents, type Store } from "../../engine/store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Random } from "../support/random.ts";
import { checkJournal } from "./invariants.ts";
import { WatchedStore } from "./watched_store.ts";
import { unitOf } from "./rules.ts";
import { createScenario, type Scenario } from "./scenario.ts";
import { simSecrets, World } from "./world.ts";

const SEEDS = Number(Deno.env.get("FLOW_SIMULATION_SEEDS") ?? 60);
const FIRST_SEED = Number(Deno.env.get("FLOW_SIMULATION_FIRST") ?? 1);

/** A scenario whose end does not depend on which of two things happens first, so that every resume comes to the same. */
function createSettledScenario(seed: number, maxNodes: number): Scenario {
  const scenario = createScenario(seed, { maxNodes, onError: "ContinueOnError" });
  scenario.cancelAtMs = undefined;
  scenario.workflow.settings.max_execution_time_ms = null;
  for (const node of everyNode(scenario.workflow)) {
    delete node.timeout_ms;
    delete node.on_interrupt;
    if (node.map !== undefined) node.map.on_error = "continue";
  }
  return scenario;
}

interface Bench {
  clock: FakeClock;
  world: World;
  store: WatchedStore;
  engine: Engine;
}

function open(scenario: Scenario, clock: FakeClock, seed: number): Bench {
  const world = new World(scenario, clock);
  const store = new WatchedStore((event) => world.observe(event));
  const engine = createEngine({
    nodes: world.definitions(),
    store,
    clock,
    secrets: simSecrets,
    random: new Random(seed).next,
  });
  return { clock, world, store, engine };
}

async function recordWhole(scenario: Scenario): Promise<{ record: ExecutionRecord; journal: ExecutionEvent[] }> {
  const { clock, store, engine } = open(scenario, new FakeClock(), scenario.seed);
  const execution = await engine.start(scenario.workflow);
  await clock.run(execution.result);
  const record = await store.getRecord(execution.execution_id);
  assert.ok(record);
  return { record, journal: await Array.fromAsync(readAllEvents(store, execution.execution_id)) };
}

/** What became of each node, without times and attempts. */
function outcomes(journal: readonly ExecutionEvent[]): string[] {
  const lines = journal.flatMap((event) => {
    if (event.type === "NodeCompleted") return [`${unitOf(event)} succeeded ${JSON.stringify(event.outputs)}`];
    if (event.type === "NodeFailed") return [`${unitOf(event)} failed ${event.error.code}`];
    if (event.type === "NodeSkipped") return [`${unitOf(event)} skipped`];
    if (event.type === "WorkflowCompleted") return [`~ ${event.status}`];
    return [];
  });
  return lines.sort();
}

async function resumeFromPrefix(
  scenario: Scenario,
  record: ExecutionRecord,
  prefix: readonly ExecutionEvent[],
): Promise<{ journal: ExecutionEvent[]; world: World }> {
  const newest = prefix.at(-1)?.timestamp ?? record.created_at;
  const downtimeMs = prefix.length % 3 * 200;
  const bench = open(scenario, new FakeClock(Date.parse(newest) + downtimeMs), scenario.seed);
  bench.store.createExecution(record);
  bench.store.append(record.execution_id, 0, prefix);
  bench.world.replay(prefix);
  const execution = await bench.engine.resume(record.execution_id);
  await bench.clock.run(execution.result);
  assert.deepEqual(bench.world.violations, []);
  return { journal: await Array.fromAsync(readAllEvents(bench.store, record.execution_id)), world: bench.world };
}

Deno.test(`resume() from every prefix of ${SEEDS} journals comes to the same end`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const scenario = createSettledScenario(seed, 12);
    const { record, journal } = await recordWhole(scenario);
    const expected = outcomes(journal);
    for (let length = 0; length < journal.length; length++) {
      const where = `seed ${seed}, resumed after ${length} of ${journal.length} events`;
      const prefix = journal.slice(0, length);
      const resumed = await resumeFromPrefix(scenario, record, prefix);
      assert.deepEqual(outcomes(resumed.journal), expected, where);
      assert.deepEqual(checkJournal(scenario, resumed.journal), [], where);
      for (const event of prefix) {
        if (event.type === "NodeCompleted") assert.equal(resumed.world.effects.get(unitOf(event)), undefined, where);
      }
    }
  }
});

/** A store that stops working for good after so many operations, as if the process had been killed there. */
function mortal(store: Store, lifetime: number): { store: Store; isDead: () => boolean } {
  let left = lifetime;
  const proxy = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (left-- <= 0) throw new FlowError("store_failed", "Killed");
        return member.apply(target, args);
      };
    },
  });
  return { store: proxy, isDead: () => left < 0 };
}

Deno.test(`resume() from any prefix of ${SEEDS} journals keeps the invariants, whatever the settings`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const scenario = createScenario(seed, { maxNodes: 12 });
    const { record, journal } = await recordWhole(scenario);
    for (let length = 0; length < journal.length; length++) {
      const where = `seed ${seed}, resumed after ${length} of ${journal.length} events`;
      const resumed = await resumeFromPrefix(scenario, record, journal.slice(0, length));
      assert.deepEqual(checkJournal(scenario, resumed.journal), [], where);
    }
  }
});

Deno.test("a crash between any two store operations loses no completed node and repeats none", async () => {
  let crashes = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 20; seed++) crashes += await crashEverywhere(seed);
  assert.ok(crashes > 100, `only ${crashes} crashes`);
});

/** Kills an engine after each of its store operations, one run each, and answers how often that was. */
async function crashEverywhere(seed: number): Promise<number> {
  const scenario = createSettledScenario(seed, 8);
  // What failed without being journaled fails again: the world does not remember it.
  for (const behaviour of scenario.behaviours.values()) if (behaviour.failures > 0) behaviour.failures = Infinity;
  const { journal: whole } = await recordWhole(scenario);
  const expected = outcomes(whole);
  for (let lifetime = 0;; lifetime++) {
    const clock = new FakeClock();
    const world = new World(scenario, clock);
    const inner = new WatchedStore((event) => world.observe(event));
    const { store, isDead } = mortal(inner, lifetime);
    const doomed = createEngine({ nodes: world.definitions(), store, clock, secrets: simSecrets, owner: "doomed" });
    const started = await doomed.start(scenario.workflow, { execution_id: "e" }).catch(() => undefined);
    if (started !== undefined) await clock.run(started.result).catch(() => undefined);
    if (!isDead()) return lifetime;
    if (inner.getRecord("e") === undefined) continue;
    await clock.advance(60_000);
    const where = `seed ${seed}, killed after ${lifetime} store operations`;
    await finishAfterCrash({ clock, world, store: inner, where, expected, scenario });
  }
}

interface Crashed {
  clock: FakeClock;
  world: World;
  store: MemoryStore;
  where: string;
  expected: string[];
  scenario: Scenario;
}

async function finishAfterCrash({ clock, world, store, where, expected, scenario }: Crashed): Promise<void> {
  const engine = createEngine({ nodes: world.definitions(), store, clock, secrets: simSecrets, owner: "survivor" });
  const summary = store.getSummary("e", clock.now());
  if (summary?.ended_at === undefined) {
    const execution = await engine.resume("e");
    await clock.run(execution.result);
  }
  const journal = await Array.fromAsync(readAllEvents(store, "e"));
  assert.deepEqual(world.violations, [], where);
  assert.deepEqual(outcomes(journal), expected, where);
  assert.deepEqual(checkJournal(scenario, journal), [], where);
}
