import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  asEvents,
  ended,
  nodeCompleted,
  nodeSays,
  nodeStarted,
  record,
  sampleRecord,
  started,
} from "../tests/contracts/store_samples.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { checkDatabase } from "./integrity.ts";
import { openSqliteStore } from "./open.ts";

const TABLES = ["executions", "records", "journal", "log_chunks", "blobs", "blob_uses"];

function countRows(path: string): number[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const counts = TABLES.map((table) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n));
  database.close();
  return counts;
}

Deno.test("prune() gives the space back and leaves no row behind, while others go on writing", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    const store = await openSqliteStore(path);
    await record(store, "live", [started()]);
    const batches = Array.from({ length: 1000 }, (_, i) => [nodeStarted(`n${i}`), nodeSays("a", "x".repeat(2000))]);
    await record(store, "old", [started()], ...batches, [nodeCompleted("a", { big: "x".repeat(500_000) }), ended()]);
    const full = (await Deno.stat(path)).size;

    let isPruned = false, seq = 1;
    const pruned = store.prune({ keep: 0 }).finally(() => isPruned = true);
    const other = await openSqliteStore(path);
    while (!isPruned) {
      await other.append("live", seq, asEvents("live", seq, [nodeStarted(`m${seq}`)]));
      seq++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(await pruned, 1);
    await other.close();
    await store.close();
    assert.deepEqual(countRows(path), [1, 1, seq, 0, 0, 0]);
    assert.ok((await Deno.stat(path)).size < full / 5);
    assert.deepEqual((await checkDatabase(path)).problems, []);
  });
});

Deno.test("prune() finishes what an interrupted prune has begun, and nobody sees it meanwhile", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    const store = await openSqliteStore(path);
    await record(store, "x", [started()], [nodeStarted("a"), ended()]);
    const database = new DatabaseSync(path);
    database.exec("UPDATE executions SET status = 'deleting'; DELETE FROM journal WHERE last_seq = 1");
    database.close();
    assert.deepEqual(await store.listExecutions({}, 0), []);
    assert.equal(await store.getSummary("x", 0), undefined);
    assert.equal(await store.getRecord("x"), undefined);
    assert.deepEqual(await store.readEvents("x"), []);
    await store.prune({ keep: 1000 });
    await store.createExecution(sampleRecord("x"));
    await store.close();
    assert.deepEqual(countRows(path), [1, 1, 0, 0, 0, 0]);
  });
});
