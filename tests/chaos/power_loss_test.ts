import assert from "node:assert/strict";
import { readAllEvents } from "../../engine/store.ts";
import { checkDatabase } from "../../store/integrity.ts";
import { openSqliteStore } from "../../store/open.ts";
import { checkJournal } from "../simulation/invariants.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { Random } from "../support/random.ts";
import { withFolder } from "../support/temp_folder.ts";
import { createChaosEngine } from "./driver.ts";
import { createPlan } from "./plan.ts";
import { readJournal } from "./ordeal.ts";
import { awaitNoSurvivors, killSurvivors } from "./survivors.ts";
import { createDriverVictim } from "./victims.ts";

const SECTOR_BYTES = 512;
/** About as much as ten commits write; what comes before is mostly the layout of a new database. */
const RECENT_BYTES = 60_000;

Deno.test({
  name: "what a power loss leaves of a database is whole, and its executions go on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    let partial = 0;
    for (let seed = 1; seed <= 6; seed++) {
      await withFolder(async (folder) => {
        try {
          partial += await losePower(seed, folder);
        } finally {
          killSurvivors(sideOf(folder));
        }
      });
    }
    assert.ok(partial > 3, `only ${partial} times was a part left`);
  },
});

/**
 * Kills a driver, and looks at what would be there if the disk had kept only a part of its last writes. Answers how often
 * that was a part of the journal.
 */
async function losePower(seed: number, folder: string): Promise<number> {
  const random = new Random(seed ^ 0x9027e12);
  const side = sideOf(folder);
  const { workflow, durability } = createPlan(seed, side);
  const launch = { durability, database: `${folder}/flow.db`, document: `${folder}/workflow.json` };
  await Deno.writeTextFile(launch.document, JSON.stringify(workflow));
  const victim = createDriverVictim(launch);
  const [ending] = await victim.live([{ when: "after", append: random.int(4, 20) }]);
  killSurvivors(side);
  assert.notEqual(ending?.fate, "broken", ending?.stderr ?? "");
  if (ending?.fate !== "killed") return 0;
  const id = await victim.findId() ?? "";
  const [file, log] = await Promise.all([launch.database, `${launch.database}-wal`].map((path) => Deno.readFile(path)));
  assert.ok(file && log);
  const whole = await readJournal(launch.database, id);
  let partial = 0;
  for (let cut = 0; cut < 8; cut++) {
    const path = `${folder}/cut-${cut}.db`;
    await Deno.writeFile(path, file);
    await Deno.writeFile(`${path}-wal`, cutLog(log, random));
    const left = await readJournal(path, id);
    if (left.length > 0 && left.length < whole.length) partial++;
    const where = `seed ${seed}, cut ${cut}`;
    assert.deepEqual(left, whole.slice(0, left.length), where);
    if (cut % 4 === 0) assert.deepEqual(await finish(path, id, workflow), [], where);
    assert.deepEqual((await checkDatabase(path)).problems, [], where);
  }
  assert.deepEqual(await awaitNoSurvivors(side), []);
  return partial;
}

/** The file that the nodes write to. */
function sideOf(folder: string): string {
  return `${folder}/side`;
}

/** A write-ahead log whose end was never written, or of which a sector in the middle was not. */
function cutLog(log: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const cut = Math.max(0, log.length - random.int(1, random.chance(0.1) ? log.length : RECENT_BYTES));
  if (random.chance(0.5)) return log.slice(0, cut);
  const torn = log.slice();
  torn.fill(0, cut, cut + SECTOR_BYTES);
  return torn;
}

async function finish(path: string, id: string, workflow: Workflow): Promise<string[]> {
  const store = await openSqliteStore(path);
  const engine = createChaosEngine(store);
  try {
    if (await store.getRecord(id) === undefined) return [];
    await (await engine.resume(id)).result;
    return checkJournal({ workflow, cancelAtMs: undefined }, await Array.fromAsync(readAllEvents(store, id)));
  } finally {
    await engine.close();
    await store.close();
  }
}
