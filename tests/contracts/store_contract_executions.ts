import assert from "node:assert/strict";
import type { ExecutionFilter } from "../../engine/store.ts";
import {
  asEvents,
  ended,
  nodeCompleted,
  nodeSays,
  NOON,
  record,
  refuses,
  sampleRecord,
  sampleWorkflow,
  started,
  type StoreTest,
} from "./store_samples.ts";

const MINUTE = 60_000;

/** Records, summaries, leases, cancel requests, retention. */
export const executionTests: Record<string, StoreTest> = {
  "createExecution() keeps the record as it is": async (store) => {
    const workflow = sampleWorkflow();
    workflow.nodes.push({ id: "a", node_type: "t.t", config: { bytes: new Uint8Array([1, 2]) } });
    const called_by = { execution_id: "p", node_id: "call", index: 2, depth: 1 };
    const given = sampleRecord("x", {
      called_by,
      workflow,
      inputs: { b: new Uint8Array([3]) },
      source: "/w.yaml",
      rerun_of: "y",
    });
    await store.createExecution(given);
    assert.deepEqual(await store.getRecord("x"), given);
    assert.equal(await store.getRecord("y"), undefined);
  },
  "createExecution() refuses an id that is taken": async (store) => {
    await store.createExecution(sampleRecord("x", { source: "/first" }));
    await refuses("conflict", () => store.createExecution(sampleRecord("x")));
    assert.equal((await store.getRecord("x"))?.source, "/first");
  },
  "createExecution() with a lease: there is no moment at which nobody drives the execution": async (store) => {
    await store.createExecution(sampleRecord("x"), { execution_id: "x", owner: "me", expires_at: NOON + MINUTE });
    assert.equal((await store.getSummary("x", NOON))?.status, "running");
    assert.equal((await store.getSummary("x", NOON))?.owner, "me");
    assert.deepEqual(await store.listExecutions({ status: "interrupted" }, NOON), []);
    assert.equal(await store.acquireLease({ execution_id: "x", owner: "you", expires_at: NOON + MINUTE }, NOON), false);
    assert.equal((await store.getSummary("x", NOON + MINUTE))?.status, "interrupted", "once it has run out");
  },
  "getSummary() follows the events from start to end and back": async (store) => {
    await store.createExecution(sampleRecord("x", { source: "/w.yaml", rerun_of: "y" }));
    await store.acquireLease({ execution_id: "x", owner: "host:1", expires_at: NOON + MINUTE }, NOON);
    const base = {
      execution_id: "x",
      workflow_id: "sample",
      workflow_name: "Sample",
      created_at: new Date(NOON).toISOString(),
      source: "/w.yaml",
      rerun_of: "y",
      owner: "host:1",
    };
    assert.deepEqual(await store.getSummary("x", NOON), { ...base, status: "running", last_seq: 0 });
    const [first, last] = asEvents("x", 0, [started(), ended("failed")]);
    assert.ok(first && last?.type === "WorkflowCompleted");
    await store.append("x", 0, [first]);
    await store.append("x", 1, [last]);
    const end = { status: "failed", ended_at: last.timestamp, duration_ms: 1500, error: last.error, last_seq: 2 };
    assert.deepEqual(await store.getSummary("x", NOON), { ...base, ...end });
    await store.append("x", 2, asEvents("x", 2, [{ type: "WorkflowResumed", owner: "host:2" }]));
    assert.deepEqual(await store.getSummary("x", NOON), { ...base, status: "running", last_seq: 3 });
    assert.equal(await store.getSummary("nobody", NOON), undefined);
  },
  "getSummary() calls a running execution interrupted when nobody holds its lease": async (store) => {
    await record(store, "x", [started()]);
    const status = async (now: number) => (await store.getSummary("x", now))?.status;
    assert.equal(await status(NOON), "interrupted");
    await store.acquireLease({ execution_id: "x", owner: "me", expires_at: NOON + MINUTE }, NOON);
    assert.equal(await status(NOON + MINUTE - 1), "running");
    assert.equal(await status(NOON + MINUTE), "interrupted");
    await store.releaseLease("x", "me");
    assert.equal(await status(NOON), "interrupted");
    assert.equal((await store.getSummary("x", NOON))?.owner, "me");
  },
  "listExecutions() answers the newest first, filtered and limited": async (store) => {
    await fillHistory(store);
    const list = async (filter: ExecutionFilter) =>
      (await store.listExecutions(filter, NOON)).map((it) => it.execution_id).join(" ");
    assert.equal(await list({}), "e d c b a");
    assert.equal(await list({ limit: 2 }), "e d");
    assert.equal(await list({ status: "succeeded" }), "c a");
    assert.equal(await list({ status: "failed" }), "b");
    assert.equal(await list({ status: "running" }), "d");
    assert.equal(await list({ status: "interrupted" }), "e");
    assert.equal(await list({ workflow_id: "w2" }), "d b");
    assert.equal(await list({ id_prefix: "a" }), "a");
    assert.equal(await list({ id_prefix: "aa" }), "");
    assert.equal(await list({ source: "/a.yaml" }), "a");
    assert.equal(await list({ since: "2026-01-01T12:01:00Z", until: "2026-01-01T14:03:00+02:00" }), "c b");
    assert.equal(await list({ status: "succeeded", since: "2026-01-01T12:02:00.000Z" }), "c");
    assert.equal(await list({ after: "c" }), "b a");
    assert.equal(await list({ after: "c", limit: 1 }), "b");
    assert.equal(await list({ after: "a" }), "");
    assert.equal(await list({ after: "nothing" }), "");
    await refuses("invalid_argument", () => store.listExecutions({ since: "yesterday" }, NOON));
  },
  "listExecutions() tells apart what people and what other executions have started": async (store) => {
    const called_by = { execution_id: "a", node_id: "call", index: 1, depth: 1 };
    await store.createExecution(sampleRecord("a"));
    await store.createExecution(sampleRecord("b", { called_by }));
    const list = async (filter: ExecutionFilter) =>
      (await store.listExecutions(filter, NOON)).map((it) => it.execution_id);
    assert.deepEqual(await list({}), ["b", "a"]);
    assert.deepEqual(await list({ top_level: true }), ["a"]);
    assert.deepEqual(await list({ called_by: "a" }), ["b"]);
    assert.deepEqual((await store.getSummary("b", NOON))?.called_by, called_by);
  },
  "listExecutions() answers what getSummary() does": async (store) => {
    await fillHistory(store);
    for (const summary of await store.listExecutions({}, NOON)) {
      assert.deepEqual(await store.getSummary(summary.execution_id, NOON), summary);
    }
  },
  "acquireLease() gives a lease to one owner at a time": async (store) => {
    await store.createExecution(sampleRecord("x"));
    const take = (owner: string, now: number) =>
      store.acquireLease({ execution_id: "x", owner, expires_at: now + MINUTE }, now);
    assert.equal(await take("me", NOON), true);
    assert.equal(await take("you", NOON + MINUTE - 1), false);
    assert.equal(await take("me", NOON + 1), true, "renewed");
    assert.equal(await take("you", NOON + MINUTE), false);
    assert.equal(await take("you", NOON + MINUTE + 1), true, "expired");
    await store.releaseLease("x", "me");
    assert.equal(await take("me", NOON + MINUTE + 2), false, "not mine to release");
    await store.releaseLease("x", "you");
    assert.equal(await take("me", NOON + MINUTE + 2), true, "released");
    await refuses("not_found", () => store.acquireLease({ execution_id: "nobody", owner: "me", expires_at: 1 }, 0));
  },
  "listLeases() tells who drives what, and forgets leases that have run out or been released": async (store) => {
    for (const id of ["a", "b", "c"]) {
      await store.createExecution(sampleRecord(id));
      await store.acquireLease({ execution_id: id, owner: `owner of ${id}`, expires_at: NOON + MINUTE }, NOON);
    }
    await store.releaseLease("b", "owner of b");
    await store.append("c", 0, asEvents("c", 0, [started(), ended("succeeded")]));
    assert.deepEqual(await store.listLeases(NOON), [
      { execution_id: "a", owner: "owner of a", expires_at: NOON + MINUTE },
    ]);
    assert.deepEqual(await store.listLeases(NOON + MINUTE), []);
  },
  "requestCancel() is open until the execution ends": async (store) => {
    await record(store, "x", [started()]);
    assert.equal(await store.cancelRequested("x"), undefined);
    await store.requestCancel("x", "no longer needed");
    assert.equal(await store.cancelRequested("x"), "no longer needed");
    await store.append("x", 1, asEvents("x", 1, [{ type: "WorkflowResumed", owner: "me" }]));
    assert.equal(await store.cancelRequested("x"), "no longer needed", "a crash must not swallow it");
    await store.append("x", 2, asEvents("x", 2, [ended("cancelled")]));
    assert.equal(await store.cancelRequested("x"), undefined);
    await refuses("conflict", () => store.requestCancel("x", "again"));
    await refuses("not_found", () => store.requestCancel("nobody", "why not"));
    assert.equal(await store.cancelRequested("nobody"), undefined);
  },
  "prune() deletes ended executions that are old enough, and keeps as many as told": async (store) => {
    await fillHistory(store);
    const left = async () => (await store.listExecutions({}, NOON)).map((it) => it.execution_id).join(" ");
    await refuses("invalid_argument", () => store.prune({}));
    assert.equal(await store.prune({ before: new Date(NOON).toISOString() }), 0);
    assert.equal(await store.prune({ before: "2027-01-01T00:00:00Z", keep: 2 }), 1);
    assert.equal(await left(), "e d c b");
    assert.deepEqual(await store.readEvents("a"), []);
    assert.equal(await store.getRecord("a"), undefined);
    await refuses("not_found", () => store.append("a", 2, asEvents("a", 2, [started()])));
    await refuses("not_found", () => store.acquireLease({ execution_id: "a", owner: "me", expires_at: 1 }, 0));
    assert.equal(await store.prune({ keep: 0 }), 2);
    assert.equal(await left(), "e d");
    assert.equal((await store.readEvents("d")).length, 1);
  },
  "prune() leaves large outputs alone that another execution still has": async (store) => {
    const large = "x".repeat(400_000);
    await record(store, "old", [started(), nodeCompleted("a", { large }), nodeSays("a", "hi"), ended()]);
    const kept = await record(store, "new", [started(), nodeCompleted("a", { large })]);
    assert.equal(await store.prune({ keep: 0 }), 1);
    assert.deepEqual(await store.readEvents("new"), kept);
  },
};

/** Executions a to e, a minute apart: a and c succeeded, b failed, d runs, e is interrupted; b and d are of w2. */
async function fillHistory(store: Parameters<StoreTest>[0]): Promise<void> {
  for (const [i, id] of ["a", "b", "c", "d", "e"].entries()) {
    const created_at = new Date(NOON + i * MINUTE).toISOString();
    const workflow = sampleWorkflow(id === "b" || id === "d" ? "w2" : "w1");
    await store.createExecution(sampleRecord(id, { created_at, workflow, source: `/${id}.yaml` }));
    await store.append(id, 0, asEvents(id, 0, [started(workflow.id)]));
    // Ends in the order of creation: the second event is i seconds later than usual.
    const [end] = asEvents(id, 1, [ended(id === "b" ? "failed" : "succeeded")]);
    if (i < 3 && end) {
      await store.append(id, 1, [{ ...end, timestamp: new Date(NOON + (i + 1) * MINUTE).toISOString() }]);
    }
  }
  await store.acquireLease({ execution_id: "d", owner: "me", expires_at: NOON + MINUTE }, NOON);
}
