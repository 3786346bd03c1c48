import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { readAllEvents, type Store } from "../engine/store.ts";
import {
  asEvents,
  ended,
  nodeCompleted,
  nodeSays,
  nodeStarted,
  record,
  refuses,
  sampleRecord,
  started,
} from "../tests/contracts/store_samples.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { Connection } from "./connection.ts";
import { checkDatabase } from "./integrity.ts";
import { migrate } from "./migrations.ts";
import { openSqliteStore } from "./open.ts";
import { SqliteStore } from "./sqlite_store.ts";

/** A store with its connection, to make it fail. */
function openWithConnection(path: string): { store: Store; connection: Connection } {
  const connection = new Connection(path, { durability: "normal", patienceMs: 0 });
  migrate(connection);
  return { store: new SqliteStore(connection, "normal"), connection };
}

/** Appends until the store refuses; answers the seq of the newest accepted event. */
async function appendUntilRefused(store: Store, id: string, text: string): Promise<number> {
  for (let seq = 0;; seq += 3) {
    const bodies = [nodeStarted("a"), nodeSays("a", text), nodeCompleted("a", { text })];
    try {
      await store.append(id, seq, asEvents(id, seq, bodies));
    } catch {
      return seq;
    }
  }
}

Deno.test("append() on a full disk fails, keeps whole batches, and works again when there is space", async () => {
  for (const size of [100, 5000, 300_000]) {
    await withFolder(async (folder) => {
      const { store, connection } = openWithConnection(`${folder}/flow.db`);
      await store.createExecution(sampleRecord("x"));
      connection.exec("PRAGMA max_page_count = 400");
      const seq = await appendUntilRefused(store, "x", "x".repeat(size));
      const refusal = await refuses(
        "store_failed",
        () => store.append("x", seq, asEvents("x", seq, [nodeCompleted("a", { text: "x".repeat(1_000_000) })])),
      );
      assert.match(refusal.message, /the disk is full/);
      assert.ok(refusal.hint);
      assert.equal((await store.getSummary("x", 0))?.last_seq, seq);
      connection.exec("PRAGMA max_page_count = 4000");
      await store.append("x", seq, asEvents("x", seq, [nodeStarted("b"), ended()]));
      await store.close();
      assert.deepEqual((await checkDatabase(`${folder}/flow.db`)).problems, []);
    });
  }
});

Deno.test("a database that has become read-only can be read, and refuses to write", async () => {
  await withFolder(async (folder) => {
    const { store, connection } = openWithConnection(`${folder}/flow.db`);
    const events = await record(store, "x", [started()]);
    connection.exec("PRAGMA query_only = ON");
    for (const id of ["x", "y"]) {
      const refusal = await refuses(
        "store_failed",
        () =>
          id === "x"
            ? store.append("x", 1, asEvents("x", 1, [nodeStarted("a")]))
            : store.createExecution(sampleRecord(id)),
      );
      assert.match(refusal.message, /read-only/);
    }
    assert.deepEqual(await store.readEvents("x"), events);
    connection.exec("PRAGMA query_only = OFF");
    await store.append("x", 1, asEvents("x", 1, [nodeStarted("a")]));
    await store.close();
  });
});

Deno.test("a damaged file is reported when it is read, and by checkDatabase()", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    const store = await openSqliteStore(path);
    const text = "x".repeat(1000);
    await record(store, "x", ...Array.from({ length: 200 }, (_, i) => [nodeCompleted(`n${i}`, { text })]));
    await store.close();
    assert.deepEqual((await checkDatabase(path)).problems, []);
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.fill(0xaa, bytes.length / 2));
    assert.notDeepEqual((await checkDatabase(path)).problems, []);
    const damaged = await openSqliteStore(path);
    // The events before the damage can be read, as long as what comes after them is not passed over.
    const refusal = await refuses("store_corrupt", () => Array.fromAsync(readAllEvents(damaged, "x")));
    assert.ok(refusal.message.includes(path));
    await damaged.close();
  });
});

Deno.test("a row that holds nonsense is reported as damage, not as a bug", async () => {
  await withFolder(async (folder) => {
    const { store, connection } = openWithConnection(`${folder}/flow.db`);
    await record(store, "x", [started()], [nodeCompleted("a", { big: "x".repeat(300_000) })], [nodeStarted("b")]);
    connection.exec("DELETE FROM blobs; DELETE FROM journal WHERE last_seq = 1");
    await refuses("store_corrupt", () => store.readEvents("x"));
    connection.exec("UPDATE journal SET body = '{\"type\":' WHERE last_seq = 2");
    await refuses("store_corrupt", () => store.readEvents("x"));
    await store.close();
    const { problems } = await checkDatabase(`${folder}/flow.db`);
    assert.deepEqual(problems, [
      'The journal of execution "x" has a gap',
      'Large outputs of execution "x" are missing',
    ]);
  });
});

Deno.test("append() waits while another process has the database locked, then gives up with a hint", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    for (const durability of ["normal", "full"] as const) {
      const id = `x-${durability}`;
      const patient = await openSqliteStore(path, { durability });
      const hasty = await openSqliteStore(path, { durability, busyTimeoutMs: 30 });
      await record(patient, id, [started()]);
      const other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      const refusal = await refuses("unavailable", () => hasty.append(id, 1, asEvents(id, 1, [nodeStarted("a")])));
      assert.match(refusal.message, /another process keeps it locked/);
      const pending = Promise.resolve(patient.append(id, 1, asEvents(id, 1, [nodeStarted("a")])));
      assert.equal((await patient.readEvents(id)).length, 1, "readers do not wait");
      other.exec("ROLLBACK");
      other.close();
      await pending;
      assert.equal((await hasty.readEvents(id)).length, 2);
      await patient.close();
      await hasty.close();
    }
  });
});

Deno.test("a closed store refuses everything", async () => {
  const store = await openSqliteStore(":memory:");
  await store.close();
  await refuses("store_failed", () => store.createExecution(sampleRecord("x")));
  await refuses("store_failed", () => store.readEvents("x"));
  await refuses("store_failed", () => store.prune({ keep: 1 }));
});
