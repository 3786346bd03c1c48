import assert from "node:assert/strict";
import { ended, record, started } from "../tests/contracts/store_samples.ts";
import { openSqliteStore } from "./open.ts";

Deno.test("readFeed() answers the same to every process that shares the file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "flow-feed-" });
  const one = await openSqliteStore(`${folder}/flow.db`);
  const other = await openSqliteStore(`${folder}/flow.db`);
  try {
    await record(one, "a", [started()]);
    await record(other, "b", [started(), ended()]);
    const first = await one.readFeed(0);
    assert.deepEqual(await other.readFeed(0), first);
    await record(other, "c", [started()], [ended()]);
    const rest = await other.readFeed(first.at(-1)?.position ?? 0);
    assert.deepEqual(await one.readFeed(0), [...first, ...rest]);
    assert.equal(rest.length, 2);
  } finally {
    await one.close();
    await other.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readFeed() takes in a database with more executions than one transaction holds", async () => {
  const store = await openSqliteStore(":memory:");
  for (let i = 0; i < 2500; i++) await record(store, `x${i}`, [started(), ended()]);
  assert.equal(await store.feedEnd(), 5000);
  assert.equal((await store.readFeed(4998)).length, 2);
  await store.close();
});
