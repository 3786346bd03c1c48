import assert from "node:assert/strict";
import type { CacheEntry } from "../../engine/store.ts";
import { NOON, refuses, sampleWorkflow, type StoreTest } from "./store_samples.ts";

/** Saved workflows and the node cache. */
export const libraryTests: Record<string, StoreTest> = {
  "saveWorkflow() makes a new version only of what has changed": async (store) => {
    const first = await store.saveWorkflow(sampleWorkflow("w", "One"), NOON);
    const expected = { workflow_id: "w", version: 1, workflow: sampleWorkflow("w", "One") };
    assert.deepEqual(first, { ...expected, created_at: new Date(NOON).toISOString() });
    assert.deepEqual(await store.saveWorkflow(sampleWorkflow("w", "One"), NOON + 1), first);
    assert.equal((await store.saveWorkflow(sampleWorkflow("w", "Two"), NOON + 2)).version, 2);
    assert.equal((await store.saveWorkflow(sampleWorkflow("w", "One"), NOON + 3)).version, 3);
    assert.equal((await store.loadWorkflow("w"))?.version, 3);
    assert.equal((await store.loadWorkflow("w", 2))?.workflow.name, "Two");
    assert.equal(await store.loadWorkflow("w", 4), undefined);
    assert.equal(await store.loadWorkflow("nothing"), undefined);
  },
  "saveWorkflow() refuses when the newest version is not the expected one": async (store) => {
    await store.saveWorkflow(sampleWorkflow("w", "One"), NOON, 0);
    await refuses("conflict", () => store.saveWorkflow(sampleWorkflow("w", "Two"), NOON, 0));
    await refuses("conflict", () => store.saveWorkflow(sampleWorkflow("v", "Two"), NOON, 1));
    assert.equal((await store.saveWorkflow(sampleWorkflow("w", "Two"), NOON, 1)).version, 2);
  },
  "listWorkflows() answers the newest version of each, by id; deleteWorkflow() removes all": async (store) => {
    await store.saveWorkflow(sampleWorkflow("b", "One"), NOON);
    await store.saveWorkflow(sampleWorkflow("a", "One"), NOON);
    await store.saveWorkflow(sampleWorkflow("b", "Two"), NOON);
    const list = async () => (await store.listWorkflows()).map((it) => `${it.workflow_id}${it.version}`).join(" ");
    assert.equal(await list(), "a1 b2");
    await refuses("conflict", () => store.deleteWorkflow("b", 1));
    assert.equal(await store.deleteWorkflow("b", 2), true);
    assert.equal(await store.deleteWorkflow("b"), false);
    assert.equal(await list(), "a1");
    assert.equal((await store.saveWorkflow(sampleWorkflow("b", "Three"), NOON, 0)).version, 1);
  },
  "getCached() answers what was put until it expires": async (store) => {
    const put = entry("k", { outputs: { text: "x", bytes: new Uint8Array([1]), large: "y".repeat(400_000) } });
    await store.putCached(put);
    assert.deepEqual(await store.getCached("k", NOON), put);
    assert.deepEqual(await store.getCached("k", NOON + 999), put);
    assert.equal(await store.getCached("k", NOON + 1000), undefined);
    assert.equal(await store.getCached("other", NOON), undefined);
    await store.putCached(entry("k", { outputs: { n: 2 } }));
    assert.deepEqual((await store.getCached("k", NOON))?.outputs, { n: 2 });
  },
  "listCached() shows what has not expired, newest first, and putCached() forgets what has": async (store) => {
    await store.putCached(entry("a", {}));
    await store.putCached(entry("b", { created_at: NOON + 500, expires_at: NOON + 5000 }));
    const list = async (now: number) => (await store.listCached(now)).map((it) => it.key).join(" ");
    const { outputs: _, ...shown } = entry("a", {});
    assert.deepEqual((await store.listCached(NOON))[1], shown);
    assert.equal(await list(NOON), "b a");
    assert.equal(await list(NOON + 1000), "b");
    await store.putCached(entry("c", { created_at: NOON + 2000, expires_at: NOON + 9000 }));
    assert.equal(await list(NOON), "c b", "a is gone");
  },
  "clearCache() removes the results of one node type, or all": async (store) => {
    for (const key of ["a", "b", "c"]) {
      await store.putCached(entry(key, { node_type: key === "a" ? "t.one" : "t.two" }));
    }
    assert.equal(await store.clearCache("t.two"), 2);
    assert.equal(await store.clearCache("t.two"), 0);
    assert.equal(await store.clearCache(), 1);
    assert.deepEqual(await store.listCached(NOON), []);
  },
  "close() may be called twice": async (store) => {
    await store.close();
    await store.close();
  },
};

function entry(key: string, changes: Partial<CacheEntry>): CacheEntry {
  return { key, node_type: "t.t", outputs: {}, created_at: NOON, expires_at: NOON + 1000, ...changes };
}
