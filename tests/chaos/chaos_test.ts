import assert from "node:assert/strict";
import { type Ordeal, runOrdeal } from "./ordeal.ts";

/** How many processes to kill, at least. */
const KILLS = Number(Deno.env.get("FLOW_CHAOS_KILLS") ?? 100);
/** Runs this seed only, again and again. */
const ONLY_SEED = Deno.env.get("FLOW_CHAOS_SEED");
const FIRST_SEED = Number(Deno.env.get("FLOW_CHAOS_FIRST") ?? 1);
/** Executions that suffer at the same time. */
const CONCURRENCY = 2;

Deno.test({
  name: `executions whose processes are killed ${KILLS} times end as if nobody had touched them`,
  ignore: Deno.build.os !== "linux",
  async fn() {
    const total = { kills: 0, orphans: 0, interruptions: 0 };
    let nextSeed = FIRST_SEED;
    const work = async () => {
      while (total.kills < KILLS) {
        const seed = ONLY_SEED === undefined ? nextSeed++ : Number(ONLY_SEED);
        const { kills, orphans, interruptions, problems } = await runSeed(seed);
        const again = `seed ${seed}; run it alone: FLOW_CHAOS_SEED=${seed} deno task chaos`;
        assert.deepEqual(problems, [], again);
        total.kills += kills;
        total.orphans += orphans;
        total.interruptions += interruptions;
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    if (ONLY_SEED !== undefined || KILLS < 50) return;
    assert.ok(total.interruptions > KILLS / 4 && total.orphans > KILLS / 4, `too tame: ${JSON.stringify(total)}`);
  },
});

async function runSeed(seed: number): Promise<Ordeal> {
  try {
    return await runOrdeal(seed);
  } catch (error) {
    return { kills: 0, orphans: 0, interruptions: 0, problems: [String(error instanceof Error ? error.stack : error)] };
  }
}
