import assert from "node:assert/strict";
import type { FeedEntry, Store } from "../../engine/store.ts";
import { asEvents, ended, nodeSays, record, started, type StoreTest } from "./store_samples.ts";

/** The order of the events of all executions. */
export const feedTests: Record<string, StoreTest> = {
  "readFeed() has every event once, those of an execution in their order": async (store) => {
    assert.deepEqual(await store.readFeed(0), []);
    assert.equal(await store.feedEnd(), 0);
    const x = await record(store, "x", [started(), nodeSays("a", "1")], [nodeSays("a", "2")]);
    const y = await record(store, "y", [started()], [ended()]);
    const feed = await readWhole(store, 2);
    assert.deepEqual(ofExecution(feed, "x"), x);
    assert.deepEqual(ofExecution(feed, "y"), y);
    assert.equal(feed.length, 5);
    assert.equal(await store.feedEnd(), feed.at(-1)?.position);
  },
  "readFeed() never changes the order of what it has answered": async (store) => {
    await record(store, "x", [started()]);
    const before = await readWhole(store, 1000);
    await record(store, "y", [started()], [ended()]);
    await store.append("x", 1, asEvents("x", 1, [nodeSays("a", "1"), nodeSays("b", "2")]));
    const middle = await readWhole(store, 1000);
    await store.append("x", 3, asEvents("x", 3, [ended()]));
    const after = await readWhole(store, 3);
    assert.deepEqual(after.slice(0, before.length), before);
    assert.deepEqual(after.slice(0, middle.length), middle);
    assert.equal(after.length, 6);
    assert.deepEqual(after.map(({ position }) => position), [...after.keys()].map((i) => i + 1));
  },
  "readFeed() goes on exactly after each position": async (store) => {
    await record(store, "x", [started(), nodeSays("a", "1"), nodeSays("a", "2")], [nodeSays("b", "3")], [ended()]);
    await record(store, "y", [started(), ended()]);
    const whole = await readWhole(store, 1000);
    for (const [i, { position }] of whole.entries()) {
      const page = await store.readFeed(position, 2);
      assert.deepEqual(page, whole.slice(i + 1, i + 1 + page.length));
      assert.ok(page.length > 0 || i === whole.length - 1);
    }
  },
  "readFeed() forgets deleted executions, and gives their positions to nobody else": async (store) => {
    await record(store, "old", [started(), ended()]);
    const end = await store.feedEnd();
    assert.equal(await store.prune({ keep: 0 }), 1);
    assert.deepEqual(await store.readFeed(0), []);
    assert.equal(await store.feedEnd(), end);
    const events = await record(store, "new", [started()]);
    assert.deepEqual(await store.readFeed(end), [{ position: end + 1, event: events[0] }]);
  },
};

async function readWhole(store: Store, limit: number): Promise<FeedEntry[]> {
  const whole: FeedEntry[] = [];
  for (;;) {
    const page = await store.readFeed(whole.at(-1)?.position ?? 0, limit);
    if (page.length === 0) return whole;
    assert.ok(page.length <= limit);
    whole.push(...page);
  }
}

function ofExecution(feed: readonly FeedEntry[], executionId: string) {
  return feed.map(({ event }) => event).filter(({ execution_id }) => execution_id === executionId);
}
