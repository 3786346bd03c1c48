import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { Lab, sleeps, wrapStore } from "../tests/support/lab.ts";
import { FlowError } from "./errors.ts";
import { LEASE_MS } from "./leases.ts";
import type { Store } from "./store.ts";

const chain = createWorkflow(["a", "b"], ["a > b"]);

Deno.test("a lease is renewed for as long as the execution runs", async () => {
  const lab = new Lab({ a: sleeps(LEASE_MS * 10) });
  const handle = await lab.openEngine({ owner: "me" }).start(chain, { execution_id: "e" });
  for (let i = 0; i < 20; i++) {
    await lab.clock.advance(LEASE_MS / 4);
    assert.deepEqual((await lab.store.listLeases(lab.clock.now())).map(({ owner }) => owner), ["me"]);
  }
  await lab.clock.run(handle.result);
  assert.deepEqual(await lab.store.listLeases(lab.clock.now()), []);
});

Deno.test("an execution that is starting never shows as interrupted", async () => {
  const lab = new Lab();
  const seen: (string | undefined)[] = [];
  const look = async () => void seen.push((await lab.store.getSummary("e", lab.clock.now()))?.status);
  const store = wrapStore(lab.store, {
    createExecution: async (record, lease) => {
      await lab.store.createExecution(record, lease);
      await look();
    },
    append: async (executionId, after, events) => {
      await look();
      await lab.store.append(executionId, after, events);
    },
  });
  const handle = await lab.openEngine({ store }).start(chain, { execution_id: "e" });
  await lab.clock.run(handle.result);
  assert.deepEqual([...new Set(seen)], ["running"]);
});

Deno.test("an id that another engine of the same owner drives stays driven when it is asked for again", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const handle = await lab.openEngine({ owner: "me" }).start(chain, { execution_id: "e" });
  await assert.rejects(lab.openEngine({ owner: "me" }).start(chain, { execution_id: "e" }), { code: "conflict" });
  assert.equal((await lab.store.getSummary("e", lab.clock.now()))?.status, "running");
  await lab.clock.run(handle.result);
});

Deno.test("an execution that another process has taken over stops here, and writes nothing more", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const handle = await lab.openEngine({ owner: "stale" }).start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  await lab.store.releaseLease("e", "stale");
  lab.acts = {};
  const survivor = await lab.openEngine({ owner: "survivor" }).resume("e");
  assert.equal((await lab.clock.run(survivor.result)).status, "succeeded");
  const journal = await lab.lines("e");

  const startedAt = lab.clock.now();
  const error = await lab.failure(handle);
  assert.equal(error.code, "conflict");
  assert.ok(lab.clock.now() - startedAt <= 60_000);
  assert.deepEqual([...lab.running], []);
  assert.deepEqual(await lab.lines("e"), journal);
  assert.equal(lab.clock.pending, 0);
});

Deno.test("a process that has lost its lease to a running one hears of it at its next renewal", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const handle = await lab.openEngine({ owner: "stale" }).start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  await lab.store.releaseLease("e", "stale");
  const survivor = await lab.openEngine({ owner: "survivor" }).resume("e");
  const startedAt = lab.clock.now();
  const { code, message } = await lab.failure(handle);
  assert.deepEqual([code, message], ["conflict", 'Lost execution "e": another process has taken it over']);
  assert.ok(lab.clock.now() - startedAt <= 6000);
  assert.equal((await lab.clock.run(survivor.result)).status, "succeeded");
  assert.deepEqual(await lab.lines("e"), [
    "WorkflowStarted",
    "NodeStarted a",
    "WorkflowResumed",
    "NodeRetrying a",
    "NodeStarted a",
    "NodeCompleted a",
    "NodeStarted b",
    "NodeCompleted b",
    "WorkflowCompleted succeeded",
  ]);
});

Deno.test("the journal refuses a stale process also if its lease looks fine", async () => {
  const lab = new Lab({ a: sleeps(1000) });
  const blind = wrapStore(lab.store, {
    acquireLease: () => true,
    createExecution: (record) => lab.store.createExecution(record),
  });
  const handle = await lab.openEngine({ owner: "stale", store: blind }).start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  lab.acts = {};
  const survivor = await lab.openEngine({ owner: "survivor" }).resume("e");
  assert.equal((await lab.clock.run(survivor.result)).status, "succeeded");
  const journal = await lab.lines("e");
  assert.equal((await lab.failure(handle)).code, "conflict");
  assert.deepEqual(await lab.lines("e"), journal);
});

/** A store whose leases cannot be reached while `isBusy`. */
function openBusyStore(store: Store): { store: Store; setBusy: (busy: boolean) => void } {
  let isBusy = false;
  const check = () => {
    if (isBusy) throw new FlowError("unavailable", "The database is busy");
  };
  return {
    setBusy: (busy) => isBusy = busy,
    store: wrapStore(store, {
      cancelRequested: (id) => (check(), store.cancelRequested(id)),
      acquireLease: (lease, now) => (check(), store.acquireLease(lease, now)),
      releaseLease: (id, owner) => (check(), store.releaseLease(id, owner)),
    }),
  };
}

Deno.test("a store that is busy for a few seconds costs an execution nothing", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const { store, setBusy } = openBusyStore(lab.store);
  const handle = await lab.openEngine({ store }).start(chain);
  await lab.clock.advance(4900);
  setBusy(true);
  await lab.clock.advance(8000);
  setBusy(false);
  assert.equal((await lab.clock.run(handle.result)).status, "succeeded");
});

Deno.test("an execution whose lease cannot be renewed until it has run out is given up on, and says why", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const { store, setBusy } = openBusyStore(lab.store);
  const handle = await lab.openEngine({ store }).start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  const startedAt = lab.clock.now();
  setBusy(true);
  const { code, message } = await lab.failure(handle);
  assert.equal(code, "unavailable");
  assert.match(message, /^Lost execution "e": cannot renew its lease: The database is busy$/);
  assert.ok(lab.clock.now() - startedAt <= LEASE_MS + 500);
  assert.deepEqual([[...lab.running], lab.clock.pending], [[], 0]);
});

Deno.test("an execution that has ended has ended, also if its lease cannot be released", async () => {
  const lab = new Lab();
  const { store, setBusy } = openBusyStore(lab.store);
  lab.acts = { b: () => (setBusy(true), {}) };
  const handle = await lab.openEngine({ store }).start(chain);
  assert.equal((await lab.clock.run(handle.result)).status, "succeeded");
});
