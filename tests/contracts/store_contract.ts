import assert from "node:assert/strict";
import type { EventBody, ExecutionEvent } from "../../engine/events.ts";
import { type Awaitable, type EventQuery, readAllEvents, type Store } from "../../engine/store.ts";
import { executionTests } from "./store_contract_executions.ts";
import { feedTests } from "./store_contract_feed.ts";
import { libraryTests } from "./store_contract_library.ts";
import {
  asEvents,
  ended,
  itemSays,
  nodeCompleted,
  nodeSays,
  nodeStarted,
  record,
  refuses,
  sampleRecord,
  started,
  type StoreTest,
} from "./store_samples.ts";

/** Registers the tests that every {@link Store} passes. `open` makes an empty one. */
export function storeContract(name: string, open: () => Awaitable<Store>): void {
  const tests = { ...journalTests, ...readingTests, ...executionTests, ...feedTests, ...libraryTests };
  for (const [sentence, test] of Object.entries(tests)) {
    Deno.test(`${name}: ${sentence}`, async () => {
      const store = await open();
      try {
        await test(store);
      } finally {
        await store.close();
      }
    });
  }
}

async function collect(store: Store, id: string, query: EventQuery = {}): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  for await (const event of readAllEvents(store, id, query)) events.push(event);
  return events;
}

function seqs(events: readonly ExecutionEvent[]): number[] {
  return events.map((event) => event.seq);
}

const journalTests: Record<string, StoreTest> = {
  "append() keeps events exactly and in order": async (store) => {
    const events = await record(store, "x", [started()], [nodeStarted("a"), nodeCompleted("a", { n: 1 })], [ended()]);
    assert.deepEqual(await store.readEvents("x"), events);
  },
  "append() keeps any value: bytes, lookalikes of bytes, __proto__, NUL": async (
    store,
  ) => {
    const proto = JSON.parse('{"__proto__": {"polluted": true}}');
    const outputs = { bytes: new Uint8Array([0, 1, 255]), fake: { $bytes: "AA==" }, deep: [{ b: new Uint8Array(0) }] };
    const events = await record(store, "x", [started()], [
      nodeCompleted("a", { ...outputs, proto, text: 'nul \0 quote " 🙂 \u2028' }),
      nodeSays("a", { event_type: "Data", port: "p", value: { raw: new Uint8Array([7]) } }),
    ]);
    assert.deepEqual(await store.readEvents("x"), events);
  },
  "append() of no events does nothing": async (store) => {
    await record(store, "x", [started()]);
    await store.append("x", 1, []);
    assert.deepEqual(seqs(await store.readEvents("x")), [1]);
  },
  "append() to an execution that does not exist is not_found": async (store) => {
    await refuses("not_found", () => store.append("nobody", 0, asEvents("nobody", 0, [started()])));
  },
  "append() refuses a writer that has missed events, and keeps nothing of its batch (S1, S2)": async (store) => {
    const events = await record(store, "x", [started()], [nodeStarted("a")], [nodeSays("a", "hello")]);
    for (const after of [0, 1, 2]) {
      const stale = asEvents("x", after, [nodeSays("b", "stale"), nodeStarted("b"), ended("failed")]);
      const refusal = await refuses("conflict", () => store.append("x", after, stale));
      assert.match(refusal.message, /its newest is 3/);
    }
    assert.deepEqual(await store.readEvents("x"), events);
    assert.equal((await store.getSummary("x", 0))?.status, "interrupted");
  },
  "append() refuses a gap: a writer ahead of the journal (S2)": async (store) => {
    await record(store, "x", [started()]);
    await refuses("conflict", () => store.append("x", 5, asEvents("x", 5, [nodeStarted("a")])));
    assert.deepEqual(seqs(await store.readEvents("x")), [1]);
  },
  "append() goes on after it has refused": async (store) => {
    await record(store, "x", [started()]);
    await refuses("conflict", () => store.append("x", 0, asEvents("x", 0, [started()])));
    await store.append("x", 1, asEvents("x", 1, [nodeStarted("a")]));
    await store.append("x", 2, asEvents("x", 2, [nodeCompleted("a")]));
    assert.deepEqual(seqs(await store.readEvents("x")), [1, 2, 3]);
  },
  "append() refuses events with wrong seqs or of another execution": async (store) => {
    await record(store, "x", [started()]);
    await refuses("internal", () => store.append("x", 1, asEvents("x", 2, [nodeStarted("a")])));
    await refuses("internal", () => store.append("x", 1, asEvents("y", 1, [nodeStarted("a")])));
    assert.deepEqual(seqs(await store.readEvents("x")), [1]);
  },
  "append() keeps executions apart, also when they take turns": async (store) => {
    await record(store, "x", [started()]);
    await record(store, "y", [started()]);
    for (let seq = 1; seq < 6; seq++) {
      await Promise.all(["x", "y"].map((id) => store.append(id, seq, asEvents(id, seq, [nodeStarted(`${id}${seq}`)]))));
    }
    for (const id of ["x", "y"]) {
      const events = await store.readEvents(id);
      assert.deepEqual(seqs(events), [1, 2, 3, 4, 5, 6]);
      assert.ok(events.every((event) => event.execution_id === id));
    }
  },
  "append() takes one batch of many events, larger than any row": async (store) => {
    const text = "x".repeat(1000);
    const bodies = Array.from({ length: 3000 }, (_, i) => i % 3 ? nodeSays(`n${i % 7}`, text) : nodeCompleted(`n${i}`));
    const events = await record(store, "x", [started(), ...bodies]);
    assert.deepEqual(await collect(store, "x"), events);
    assert.equal((await store.getSummary("x", 0))?.last_seq, 3001);
  },
  "append() keeps outputs of several megabytes, repeated and mixed with small ones": async (store) => {
    const large = "é".repeat(1_000_000), bytes = new Uint8Array(300_000).fill(7);
    const events = await record(store, "x", [started()], [
      nodeCompleted("a", { small: 1, large, bytes, last: [large] }),
      nodeCompleted("b", { large }),
      nodeSays("b", large),
    ], [nodeCompleted("c", { ["__proto__"]: large })]);
    assert.deepEqual(await collect(store, "x"), events);
    const [read] = await store.readEvents("x", { after: 1, limit: 1 });
    assert.ok(read?.type === "NodeCompleted");
    assert.deepEqual(Object.keys(read.outputs), ["small", "large", "bytes", "last"]);
  },
};

const readingTests: Record<string, StoreTest> = {
  "readEvents() of an execution that does not exist, or has no events, is empty": async (store) => {
    await store.createExecution(sampleRecord("x"));
    assert.deepEqual(await store.readEvents("x"), []);
    assert.deepEqual(await store.readEvents("nobody"), []);
  },
  "readEvents() starts after any seq and stops at any limit, whatever the batches were": async (store) => {
    const events = await record(store, "x", ...mixedBatches());
    for (let after = 0; after <= events.length + 1; after++) {
      for (const limit of [1, 2, 3, 1000]) {
        const page = await store.readEvents("x", { after, limit });
        assert.deepEqual(page, events.slice(after, after + page.length));
        assert.ok(page.length <= limit);
        assert.equal(page.length === 0, after >= events.length, `after ${after}`);
      }
    }
  },
  "readEvents() tells state and logs apart, and the logs of each node, page by page": async (store) => {
    const events = await record(store, "x", ...mixedBatches());
    const isLog = (event: ExecutionEvent) => event.type === "NodeEvent";
    for (const limit of [1, 2, 5, 1000]) {
      const read = (query: EventQuery) => collect(store, "x", { ...query, limit });
      assert.deepEqual(await read({}), events);
      assert.deepEqual(await read({ kind: "state" }), events.filter((event) => !isLog(event)));
      assert.deepEqual(await read({ kind: "logs" }), events.filter(isLog));
      for (const node_id of ["a", "b", "nobody"]) {
        const own = events.filter((event) => "node_id" in event && event.node_id === node_id);
        assert.deepEqual(await read({ kind: "logs", node_id }), own.filter(isLog));
        assert.deepEqual(await read({ node_id }), own);
        assert.deepEqual(await read({ kind: "state", node_id, after: 3 }), own.filter((e) => !isLog(e) && e.seq > 3));
      }
    }
  },
  "readEvents() answers pages of bounded size": async (store) => {
    const line = "x".repeat(100_000);
    const batches = Array.from({ length: 40 }, () => [nodeSays("a", line)]);
    await record(store, "x", [started()], ...batches);
    const page = await store.readEvents("x", { kind: "logs" });
    assert.ok(page.length > 0 && page.length <= 40);
    assert.equal((await collect(store, "x")).length, 41);
  },
  "what append() has accepted, the next read sees (S3)": async (store) => {
    await store.createExecution(sampleRecord("x"));
    for (let seq = 0; seq < 50; seq++) {
      await store.append("x", seq, asEvents("x", seq, [nodeStarted(`n${seq}`)]));
      assert.equal((await store.readEvents("x", { after: seq }))[0]?.seq, seq + 1);
    }
  },
};

/** Batches of one and of many, of state, of logs, and of both, with the lines of two nodes interleaved. */
function mixedBatches(): EventBody[][] {
  return [
    [started()],
    [nodeStarted("a"), nodeStarted("b")],
    [nodeSays("a", "a1"), nodeSays("b", "b1"), nodeSays("a", "a2"), nodeSays("b", "b2"), nodeSays("a", "a3")],
    [nodeSays("b", "b3"), nodeCompleted("a"), nodeSays("b", "b4")],
    [nodeSays("b", "b5"), itemSays("b", 3, "b6")],
    [nodeCompleted("b"), ended()],
  ];
}
