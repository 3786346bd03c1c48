import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { bindByName } from "./node_sqlite.ts";

Deno.test("bindByName() lets numbered parameters take values by position, as old versions of Node do not", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE pairs (a, b)");
  assert.equal(bindByName(database.prepare("INSERT INTO pairs VALUES (?2, ?1)")).run(1, "x").changes, 1);
  const found = () => bindByName(database.prepare("SELECT a, b, ?1 AS c FROM pairs WHERE b = ?1"));
  const expected = { a: "x", b: 1, c: 1 };
  assert.deepEqual({ ...found().get(1) }, expected);
  assert.deepEqual(found().all(1).map((row) => ({ ...row })), [expected]);
  assert.deepEqual([...found().iterate(1)].map((row) => ({ ...row })), [expected]);
  database.close();
});
