import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  asEvents,
  nodeCompleted,
  nodeStarted,
  record,
  refuses,
  sampleRecord,
  started,
} from "../tests/contracts/store_samples.ts";
import { checkDatabase } from "./integrity.ts";
import { migrations } from "./migrations.ts";
import { openSqliteStore, openWithMigrations } from "./open.ts";
import { withFolder } from "../tests/support/temp_folder.ts";

const NEXT = { version: migrations.length + 1, sql: "ALTER TABLE workflows ADD COLUMN label TEXT" };

Deno.test("openSqliteStore() creates folders and files that only their owner can read", async () => {
  await withFolder(async (folder) => {
    const store = await openSqliteStore(`${folder}/a/b/flow.db`);
    await record(store, "x", [started()]);
    const mode = async (path: string) => ((await Deno.stat(`${folder}/${path}`)).mode ?? 0) & 0o777;
    assert.equal(await mode("a/b"), 0o700);
    for (const name of ["flow.db", "flow.db-wal", "flow.db-shm"]) assert.equal(await mode(`a/b/${name}`), 0o600);
    await store.close();
    assert.deepEqual([...Deno.readDirSync(`${folder}/a/b`)].map((it) => it.name), ["flow.db"], "no WAL left");
  });
});

Deno.test("openSqliteStore() finds what an earlier one wrote", async () => {
  await withFolder(async (folder) => {
    const first = await openSqliteStore(`${folder}/flow.db`);
    const events = await record(first, "x", [started()], [nodeStarted("a"), nodeCompleted("a")]);
    await first.close();
    const second = await openSqliteStore(`${folder}/flow.db`);
    assert.deepEqual(await second.readEvents("x"), events);
    await second.append("x", 3, asEvents("x", 3, [nodeStarted("b")]));
    await second.close();
  });
});

Deno.test("openSqliteStore() takes an empty file, which a crash may have left, as a new database", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/flow.db`, "");
    const store = await openSqliteStore(`${folder}/flow.db`);
    await store.createExecution(sampleRecord("x"));
    await store.close();
  });
});

Deno.test("openSqliteStore() brings an older database up to date and keeps what is in it", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    const older = await openSqliteStore(path);
    const events = await record(older, "x", [started()]);
    await older.close();
    const newer = await openWithMigrations(path, {}, [...migrations, NEXT]);
    assert.deepEqual(await newer.readEvents("x"), events);
    await newer.close();
    assert.equal((await checkDatabase(path)).version, NEXT.version);
    const again = await openWithMigrations(path, {}, [...migrations, NEXT]);
    await again.close();
  });
});

Deno.test("openSqliteStore() refuses a database that a newer flow wrote, and leaves it alone", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    const newer = await openWithMigrations(path, {}, [...migrations, NEXT]);
    await newer.close();
    const before = await Deno.readFile(path);
    const refusal = await refuses("store_too_new", () => openSqliteStore(path));
    const expected = `layout has version ${NEXT.version}, this flow knows up to ${NEXT.version - 1}`;
    assert.ok(refusal.message.includes(expected), refusal.message);
    assert.ok(refusal.hint);
    assert.deepEqual(await Deno.readFile(path), before);
    assert.match((await checkDatabase(path)).problems.join(), new RegExp(`version ${NEXT.version}`));
  });
});

Deno.test("openSqliteStore() undoes a migration that fails half-way", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/flow.db`;
    await (await openSqliteStore(path)).close();
    const broken = { version: NEXT.version, sql: `${NEXT.sql}; ALTER TABLE nothing ADD COLUMN x` };
    await refuses("internal", () => openWithMigrations(path, {}, [...migrations, broken]));
    const store = await openWithMigrations(path, {}, [...migrations, NEXT]);
    await store.close();
  });
});

Deno.test("openSqliteStore() does not touch another program's database", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/other.db`;
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE bookmarks (url TEXT)");
    other.close();
    const refusal = await refuses("invalid_argument", () => openSqliteStore(path));
    assert.match(refusal.message, /another program's database/);
    const reopened = new DatabaseSync(path);
    assert.deepEqual(reopened.prepare("SELECT name FROM sqlite_schema").all().map((row) => row.name), ["bookmarks"]);
    reopened.close();
  });
});

Deno.test("openSqliteStore() says what is wrong with a path that cannot be a database", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "x");
    const impossible = await refuses("store_failed", () => openSqliteStore(`${folder}/file/flow.db`));
    assert.ok(impossible.message.includes(`"${folder}/file/flow.db"`), impossible.message);
    assert.ok(impossible.hint);
    const isFolder = await refuses("invalid_argument", () => openSqliteStore(folder));
    assert.equal(isFolder.message, `Cannot open database "${folder}": it is a folder`);
    assert.ok(isFolder.hint?.includes(`${folder}/flow.db`));
    const nameless = await refuses("invalid_argument", () => openSqliteStore(""));
    assert.equal(nameless.message, 'Cannot open database "": its name is empty');
    await Deno.writeTextFile(
      `${folder}/notes.txt`,
      "these are my notes, and they are not a database at all. ".repeat(100),
    );
    const refusal = await refuses("store_corrupt", () => openSqliteStore(`${folder}/notes.txt`));
    assert.match(refusal.message, /^Cannot open database "/);
    const { problems } = await checkDatabase(`${folder}/notes.txt`);
    assert.match(problems[0] ?? "", /^Cannot check database "/);
    assert.match(refusal.hint ?? "", /flow doctor/);
  });
});
