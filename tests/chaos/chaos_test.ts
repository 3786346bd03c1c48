import assert from "node:assert/strict";
import { type Ordeal, runOrdeal } from "./ordeal.ts";
import { createDriverVictim, createFlowVictim, type Launch, type Victim } from "./victims.ts";

/** How many processes to kill, at least. */
const KILLS = Number(Deno.env.get("FLOW_CHAOS_KILLS") ?? 100);
/** Runs this seed only, again and again. */
const ONLY_SEED = Deno.env.get("FLOW_CHAOS_SEED");
const FIRST_SEED = Number(Deno.env.get("FLOW_CHAOS_FIRST") ?? 1);
/** Executions that suffer at the same time. */
const CONCURRENCY = 2;

/** `flow` takes longer to start: fewer of it are killed. */
const FLOW_KILLS = Math.ceil(KILLS / 12);

Deno.test({
  name: `executions whose processes are killed ${KILLS} times end as if nobody had touched them`,
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { interruptions, orphans } = await killOften(KILLS, createDriverVictim);
    if (ONLY_SEED !== undefined || KILLS < 50) return;
    assert.ok(interruptions > KILLS / 4 && orphans > KILLS / 4, `too tame: ${interruptions}, ${orphans}`);
  },
});

Deno.test({
  name: `\`flow run\` and \`flow resume\` that are killed ${FLOW_KILLS} times end as if nobody had touched them`,
  ignore: Deno.build.os !== "linux",
  async fn() {
    await killOften(FLOW_KILLS, createFlowVictim);
  },
});

/** One random execution after the other, until so many processes were killed; fails if something is wrong with one. */
async function killOften(kills: number, createVictim: (launch: Launch) => Victim): Promise<Ordeal> {
  const total: Ordeal = { kills: 0, orphans: 0, interruptions: 0, problems: [] };
  let nextSeed = FIRST_SEED;
  const work = async () => {
    while (total.kills < kills && total.problems.length === 0) {
      const seed = ONLY_SEED === undefined ? nextSeed++ : Number(ONLY_SEED);
      const ordeal = await runOrdeal(seed, createVictim).catch(toOrdeal);
      total.kills += ordeal.kills;
      total.orphans += ordeal.orphans;
      total.interruptions += ordeal.interruptions;
      if (ordeal.problems.length === 0) continue;
      total.problems.push(
        `seed ${seed}; run it alone: FLOW_CHAOS_SEED=${seed} deno test -A tests/chaos`,
        ...ordeal.problems,
      );
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  assert.deepEqual(total.problems, []);
  return total;
}

function toOrdeal(error: unknown): Ordeal {
  const problem = error instanceof Error ? error.stack ?? error.message : String(error);
  return { kills: 0, orphans: 0, interruptions: 0, problems: [problem] };
}
