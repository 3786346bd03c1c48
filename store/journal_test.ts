import assert from "node:assert/strict";
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
import { openSqliteStore } from "./open.ts";
import type { SqliteStore } from "./sqlite_store.ts";

/** Two stores on one file: for SQLite, that is the same as two processes. */
async function withTwoStores(test: (one: SqliteStore, other: SqliteStore) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const one = await openSqliteStore(`${folder}/flow.db`);
    const other = await openSqliteStore(`${folder}/flow.db`);
    try {
      await test(one, other);
    } finally {
      await one.close();
      await other.close();
    }
  });
}

const STOLEN = {
  "state events": [nodeStarted("b"), nodeCompleted("b")],
  "log lines only": [nodeSays("a", "one"), nodeSays("a", "two")],
  "a single event": [nodeCompleted("a")],
  "its end": [ended()],
  "a large output": [nodeCompleted("a", { large: "x".repeat(300_000) })],
};

for (const [what, bodies] of Object.entries(STOLEN)) {
  Deno.test(`append() refuses the writer that was faster so far when another has added ${what}`, async () => {
    await withTwoStores(async (one, other) => {
      await record(one, "x", [started()], [nodeStarted("a")], [nodeSays("a", "zero")]);
      await other.append("x", 3, asEvents("x", 3, bodies));
      const stale = [[nodeStarted("c")], [nodeSays("a", "late")], [ended("failed")], [
        nodeStarted("c"),
        nodeStarted("d"),
      ]];
      for (const batch of stale) await refuses("conflict", () => one.append("x", 3, asEvents("x", 3, batch)));
      const events = await one.readEvents("x");
      assert.deepEqual(events.slice(3), asEvents("x", 3, bodies));
      await one.append("x", events.length, asEvents("x", events.length, [nodeStarted("e")]));
      await refuses("conflict", () => other.append("x", events.length, asEvents("x", events.length, [ended()])));
    });
  });
}

Deno.test("append() refuses a writer whose execution was deleted meanwhile, and leaves nothing behind", async () => {
  await withTwoStores(async (one, other) => {
    await record(one, "x", [started()], [nodeStarted("a")]);
    await other.append("x", 2, asEvents("x", 2, [ended()]));
    assert.equal(await other.prune({ keep: 0 }), 1);
    await refuses("not_found", () => one.append("x", 2, asEvents("x", 2, [nodeCompleted("a")])));
    await one.createExecution(sampleRecord("x"));
    assert.deepEqual(await other.readEvents("x"), []);
  });
});

Deno.test("append() with full durability refuses the late ones of a group, and keeps the others", async () => {
  await withFolder(async (folder) => {
    const store = await openSqliteStore(`${folder}/flow.db`, { durability: "full" });
    for (const id of ["x", "y", "z"]) await record(store, id, [started()]);
    const append = (id: string, after: number) => store.append(id, after, asEvents(id, after, [nodeStarted("a")]));
    const outcomes = await Promise.allSettled([append("x", 1), append("y", 0), append("nobody", 0), append("z", 1)]);
    const codes = outcomes.map((it) => it.status === "fulfilled" ? "kept" : it.reason.code);
    assert.deepEqual(codes, ["kept", "conflict", "not_found", "kept"]);
    for (const [id, length] of [["x", 2], ["y", 1], ["z", 2]] as const) {
      assert.equal((await store.readEvents(id)).length, length);
    }
    await store.close();
  });
});

Deno.test("close() waits for what is being appended", async () => {
  await withFolder(async (folder) => {
    const store = await openSqliteStore(`${folder}/flow.db`, { durability: "full" });
    await record(store, "x", [started()]);
    const pending = store.append("x", 1, asEvents("x", 1, [nodeStarted("a")]));
    await store.close();
    await pending;
    const again = await openSqliteStore(`${folder}/flow.db`);
    assert.equal((await again.readEvents("x")).length, 2);
    await again.close();
  });
});
