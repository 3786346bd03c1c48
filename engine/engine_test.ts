import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { breaks, Lab, sleeps, wrapStore } from "../tests/support/lab.ts";

const chain = createWorkflow(["a", "b"], ["a > b"]);

Deno.test("start() loses no event, however late the caller begins to listen", async () => {
  const lab = new Lab();
  const handle = await lab.openEngine().start(chain);
  await lab.clock.run(handle.result);
  const events = await Array.fromAsync(handle.events());
  assert.deepEqual(events.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([events[0]?.type, events[5]?.type], ["WorkflowStarted", "WorkflowCompleted"]);
});

Deno.test("start() refuses an execution id that is taken, and leaves the execution that has it alone", async () => {
  const lab = new Lab({ a: sleeps(1000) });
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "e" });
  await assert.rejects(engine.start(chain, { execution_id: "e" }), { code: "conflict" });
  assert.equal((await lab.clock.run(handle.result)).status, "succeeded");
  assert.deepEqual(lab.begun, ["a 1", "b 1"]);
});

Deno.test("start() refuses an invalid workflow without leaving anything in the history", async () => {
  const lab = new Lab();
  const workflow = createWorkflow([{ id: "a", node_type: "test.nod", config: {} }]);
  await assert.rejects(lab.openEngine().start(workflow), { code: "invalid_workflow" });
  assert.deepEqual(await lab.store.listExecutions({}, 0), []);
});

Deno.test("start() with timeoutMs ends the execution then, whatever the document says", async () => {
  const lab = new Lab({ a: sleeps(10_000) });
  const startedAt = lab.clock.now();
  const handle = await lab.openEngine().start(chain, { timeoutMs: 300 });
  const { status, error } = await lab.clock.run(handle.result);
  assert.deepEqual([status, error?.code, lab.clock.now() - startedAt], ["failed", "timeout", 300]);
  assert.equal(chain.settings.max_execution_time_ms, null);
});

Deno.test("start() runs 500 executions side by side, and leaves neither timers nor leases behind", async () => {
  const lab = new Lab({ a: sleeps(1000) });
  const engine = lab.openEngine();
  const handles = await Promise.all(Array.from({ length: 500 }, () => engine.start(chain)));
  assert.equal(new Set(handles.map(({ execution_id }) => execution_id)).size, 500);
  const startedAt = lab.clock.now();
  const results = await lab.clock.run(Promise.all(handles.map(({ result }) => result)));
  assert.ok(results.every(({ status }) => status === "succeeded"));
  assert.equal(lab.clock.now() - startedAt, 1000);
  assert.equal(lab.clock.pending, 0);
  assert.deepEqual(await lab.store.listLeases(lab.clock.now()), []);
});

Deno.test("cancel() ends an execution that this engine drives", async () => {
  const lab = new Lab({ a: sleeps(10_000) });
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  assert.equal(await engine.cancel("e", "Enough"), true);
  assert.equal((await lab.clock.run(handle.result)).error?.message, "Enough");
  assert.equal(await engine.cancel("e"), false);
  assert.deepEqual([...lab.running], []);
});

Deno.test("cancel() reaches an execution of another process within half a second", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const handle = await lab.openEngine({ owner: "there" }).start(chain, { execution_id: "e" });
  await lab.clock.advance(1200);
  const askedAt = lab.clock.now();
  assert.equal(await lab.openEngine({ owner: "here" }).cancel("e", "Enough"), true);
  const { status, error } = await lab.clock.run(handle.result);
  assert.deepEqual([status, error?.message], ["cancelled", "Enough"]);
  assert.ok(lab.clock.now() - askedAt <= 500);
});

Deno.test("cancel() says if there is no such execution", async () => {
  await assert.rejects(new Lab().openEngine().cancel("nope"), { code: "not_found" });
});

Deno.test("cancel() answers false if the execution ends at the very moment when it is asked to", async () => {
  const lab = new Lab({ a: sleeps(1000) });
  const handle = await lab.openEngine({ owner: "there" }).start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  const late = wrapStore(lab.store, {
    async requestCancel(executionId, reason) {
      await handle.result;
      await lab.store.requestCancel(executionId, reason);
    },
  });
  const engine = lab.openEngine({ owner: "here", store: late });
  assert.equal(await lab.clock.run(engine.cancel("e")), false);
});

Deno.test("cancel() of an execution that is being suspended is heard by whoever resumes it", async () => {
  const lab = new Lab({ a: sleeps(60_000) });
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  const closing = engine.close();
  assert.equal(await engine.cancel("e", "Enough"), true);
  await closing;
  await lab.failure(handle);
  const resumed = await lab.openEngine().resume("e");
  assert.equal((await lab.clock.run(resumed.result)).error?.message, "Enough");
  assert.deepEqual(lab.begun, ["a 1"]);
});

Deno.test("status() tells where an execution stands: while it runs, after it ended, and in another process", async () => {
  const lab = new Lab({ a: sleeps(1000), b: breaks() });
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  const live = await engine.status("e");
  assert.deepEqual([live?.status, live?.nodes.get("a")?.status, live?.nodes.has("b")], ["running", "running", false]);
  assert.deepEqual(await lab.openEngine().status("e"), live);
  await lab.clock.run(handle.result);
  assert.equal(live?.nodes.get("a")?.status, "running", "what was answered stays as it was");
  const ended = await engine.status("e");
  assert.deepEqual([ended?.status, ended?.nodes.get("a")?.status, ended?.nodes.get("b")?.status], [
    "failed",
    "succeeded",
    "failed",
  ]);
  assert.equal(await engine.status("nope"), undefined);
});
