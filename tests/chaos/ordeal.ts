import type { ExecutionEvent } from "../../engine/events.ts";
import { MemoryStore } from "../../engine/memory_store.ts";
import { readAllEvents } from "../../engine/store.ts";
import { checkDatabase } from "../../store/integrity.ts";
import { openSqliteStore } from "../../store/open.ts";
import { checkJournal } from "../simulation/invariants.ts";
import { createChaosEngine } from "./driver.ts";
import { compareOutcomes, outcomesOf } from "./outcomes.ts";
import { createPlan, type Kill, type Plan } from "./plan.ts";
import type { Ending } from "./process.ts";
import { checkEffects, parseEffects } from "./side_effects.ts";
import { awaitNoSurvivors, findSurvivors, killSurvivors } from "./survivors.ts";
import type { Launch, Victim } from "./victims.ts";

/** What an execution went through. */
export interface Ordeal {
  /** Processes that were killed while they lived. */
  kills: number;
  /** Processes of nodes that outlived those. */
  orphans: number;
  /** Attempts that were cut off, as the journal says. */
  interruptions: number;
  problems: string[];
}

/** Kills and resumes the execution that `seed` stands for until it ends, and answers all that is wrong with it then. */
export async function runOrdeal(seed: number, createVictim: (launch: Launch) => Victim): Promise<Ordeal> {
  const folder = await Deno.makeTempDir({ prefix: "flow-chaos-" });
  const [side, undisturbedSide] = [`${folder}/side`, `${folder}/undisturbed`];
  const plan = createPlan(seed, side);
  const { workflow, durability, lives } = plan;
  const launch = { database: `${folder}/flow.db`, document: `${folder}/workflow.json`, durability };
  await Deno.writeTextFile(launch.document, JSON.stringify(workflow));
  const victim = createVictim(launch);
  const undisturbed = runUndisturbed(seed, undisturbedSide);
  try {
    const ordeal = await liveAndDie(victim, lives, side);
    ordeal.problems.push(...(await awaitNoSurvivors(side)).map((line) => `left running: ${line}`));
    const events = await readJournal(launch.database, await victim.findId());
    const effects = parseEffects(await Deno.readTextFile(side).catch(() => ""));
    ordeal.interruptions = events.filter((event) => "error" in event && event.error?.code === "interrupted").length;
    ordeal.problems.push(
      ...checkJournal({ workflow, cancelAtMs: undefined }, events),
      ...checkEffects(workflow, events, effects),
      ...compareOutcomes(workflow, await undisturbed, outcomesOf(events)),
      ...(await checkDatabase(launch.database)).problems,
    );
    return ordeal;
  } finally {
    killSurvivors(side);
    await undisturbed.finally(() => killSurvivors(undisturbedSide));
    await Deno.remove(folder, { recursive: true });
  }
}

async function liveAndDie(victim: Victim, lives: Plan["lives"], side: string): Promise<Ordeal> {
  const ordeal: Ordeal = { kills: 0, orphans: 0, interruptions: 0, problems: [] };
  const withLast: (Kill | undefined)[][] = [...lives, [undefined]];
  let endings: Ending[] = [];
  for (const kills of withLast) {
    endings = await victim.live(kills);
    ordeal.kills += endings.filter((ending) => ending.fate === "killed").length;
    ordeal.problems.push(...endings.filter((ending) => ending.fate === "broken").map(describe));
    if (endings.some((ending) => ending.fate === "finished") || ordeal.problems.length > 0) return ordeal;
    ordeal.orphans += findSurvivors(side).length;
  }
  ordeal.problems.push("the last process, which nobody killed, did not finish", ...endings.map(describe));
  return ordeal;
}

function describe({ code, stderr }: Ending): string {
  return `a process exited with code ${code}: ${stderr}`;
}

/** What becomes of the same workflow if nobody disturbs it. */
async function runUndisturbed(seed: number, side: string): Promise<Map<string, string>> {
  const store = new MemoryStore();
  const engine = createChaosEngine(store);
  const { execution_id, result } = await engine.start(createPlan(seed, side).workflow);
  await result;
  await engine.close();
  return outcomesOf(await Array.fromAsync(readAllEvents(store, execution_id)));
}

/** Empty if the execution never came to be. */
export async function readJournal(database: string, executionId = ""): Promise<ExecutionEvent[]> {
  const store = await openSqliteStore(database);
  try {
    return await Array.fromAsync(readAllEvents(store, executionId));
  } finally {
    await store.close();
  }
}
