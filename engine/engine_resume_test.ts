import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { Lab, sleeps, wrapStore } from "../tests/support/lab.ts";
import type { Engine } from "./engine.ts";
import type { ExecutionHandle } from "./engine_options.ts";
import { LEASE_MS } from "./leases.ts";
import type { Store } from "./store.ts";

const chain = createWorkflow(["a", "b", "c"], ["a > b", "b > c"]);

/** Starts `chain` as "e" with a `b` that takes ten seconds, and lets it come as far as that. */
async function startUpToB(lab: Lab, engine: Engine): Promise<ExecutionHandle> {
  lab.acts = { b: sleeps(10_000) };
  const handle = await engine.start(chain, { execution_id: "e" });
  await lab.clock.advance(1000);
  assert.deepEqual([...lab.running], ["b"]);
  return handle;
}

/** Lets the process that runs "e" stop where it is: from now on the store does not hear from it. */
function openMortal(lab: Lab): { engine: Engine; die: () => void } {
  let isDead = false;
  const never = () => isDead ? new Promise<never>(() => {}) : undefined;
  const store: Store = wrapStore(lab.store, {
    append: (id, after, events) => never() ?? lab.store.append(id, after, events),
    acquireLease: (lease, now) => never() ?? lab.store.acquireLease(lease, now),
    cancelRequested: (id) => never() ?? lab.store.cancelRequested(id),
  });
  return { engine: lab.openEngine({ owner: "mortal", store }), die: () => isDead = true };
}

Deno.test("close() ends all that runs, and the execution goes on in another engine as if nothing had happened", async () => {
  const lab = new Lab();
  const engine = lab.openEngine();
  const handle = await startUpToB(lab, engine);
  await lab.clock.run(engine.close());
  assert.deepEqual([[...lab.running], lab.clock.pending], [[], 0]);
  assert.equal((await lab.failure(handle)).code, "interrupted");
  assert.equal((await lab.store.getSummary("e", lab.clock.now()))?.status, "interrupted");
  await engine.close();

  const resumed = await lab.openEngine().resume("e");
  const { status, outputs } = await lab.clock.run(resumed.result);
  assert.deepEqual([status, outputs], ["succeeded", { c: { out: "c" } }]);
  assert.deepEqual(lab.begun, ["a 1", "b 1", "b 2", "c 1"]);
});

Deno.test("close() waits for nodes that take their time to end", async () => {
  const lab = new Lab({
    a: async ({ signal, sleep }) => {
      await sleep(1000).catch(() => {});
      assert.equal(signal.aborted, true);
      await new Promise<void>((resolve) => lab.clock.setTimer(700, resolve));
      return {};
    },
  });
  const engine = lab.openEngine();
  const startedAt = lab.clock.now();
  await engine.start(chain);
  await lab.clock.advance(100);
  await lab.clock.run(engine.close());
  assert.equal(lab.clock.now() - startedAt, 800);
  assert.deepEqual([...lab.running], []);
});

Deno.test("a closed engine starts, resumes and reruns nothing, and leaves no trace of the attempt", async () => {
  const lab = new Lab();
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "done" });
  await lab.clock.run(handle.result);
  const plan = await engine.planRerun("done");
  await startUpToB(lab, engine);
  await lab.clock.run(engine.close());
  for (const attempt of [() => engine.start(chain), () => engine.resume("e"), () => engine.rerun(plan)]) {
    await assert.rejects(attempt(), { code: "unavailable" });
  }
  assert.equal((await lab.store.listExecutions({}, 0)).length, 2);
});

Deno.test("close() also stops what is about to start", async () => {
  const lab = new Lab();
  const slow = wrapStore(lab.store, {
    async createExecution(record, lease) {
      await new Promise<void>((resolve) => lab.clock.setTimer(100, resolve));
      await lab.store.createExecution(record, lease);
    },
  });
  const engine = lab.openEngine({ store: slow });
  const starting = engine.start(chain, { execution_id: "e" });
  const refused = assert.rejects(starting, { code: "unavailable" });
  await lab.clock.advance(50);
  await engine.close();
  await lab.clock.run(refused);
  assert.deepEqual(lab.begun, []);
  assert.equal((await lab.store.getSummary("e", lab.clock.now()))?.status, "interrupted");
  const resumed = await lab.openEngine().resume("e");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
});

Deno.test("resume() refuses executions that do not exist, have ended, or are being driven", async () => {
  const lab = new Lab();
  const engine = lab.openEngine({ owner: "there" });
  await assert.rejects(engine.resume("nope"), { code: "not_found" });
  const handle = await startUpToB(lab, engine);
  await assert.rejects(engine.resume("e"), { code: "conflict", message: /this process is driving it/ });
  const other = lab.openEngine({ owner: "here" });
  await assert.rejects(other.resume("e"), { code: "conflict", message: /another process is driving it/ });
  assert.equal((await lab.clock.run(handle.result)).status, "succeeded");
  await assert.rejects(other.resume("e"), { code: "conflict", message: /has ended as succeeded/ });
  assert.deepEqual(lab.begun, ["a 1", "b 1", "c 1"]);
});

Deno.test("resume() twice at once drives the execution once", async () => {
  const lab = new Lab();
  const doomed = lab.openEngine();
  await startUpToB(lab, doomed);
  await lab.clock.run(doomed.close());
  const engine = lab.openEngine();
  const [first, second] = await Promise.allSettled([engine.resume("e"), engine.resume("e")]);
  assert.deepEqual([first?.status, second?.status], ["fulfilled", "rejected"]);
  assert.ok(first?.status === "fulfilled");
  assert.equal((await lab.clock.run(first.value.result)).status, "succeeded");
  assert.deepEqual(lab.begun, ["a 1", "b 1", "b 2", "c 1"]);
});

Deno.test("resume() refuses an execution that ends while it looks at it", async () => {
  const lab = new Lab();
  const handle = await startUpToB(lab, lab.openEngine({ owner: "there" }));
  const late = wrapStore(lab.store, {
    async acquireLease(lease, now) {
      await handle.result;
      return await lab.store.acquireLease(lease, now);
    },
  });
  const refused = assert.rejects(lab.openEngine({ owner: "here", store: late }).resume("e"), { code: "conflict" });
  await lab.clock.run(refused);
  assert.equal((await lab.lines("e")).at(-1), "WorkflowCompleted succeeded");
});

Deno.test("resume() takes over from a silent process only when its lease has run out", async () => {
  const lab = new Lab();
  const { engine, die } = openMortal(lab);
  await startUpToB(lab, engine);
  die();
  const survivor = lab.openEngine({ owner: "survivor" });
  await assert.rejects(survivor.resume("e"), { code: "conflict" });
  await lab.clock.advance(LEASE_MS);
  const resumed = await survivor.resume("e");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
  assert.deepEqual(lab.begun, ["a 1", "b 1", "b 2", "c 1"]);
});

Deno.test("releaseDeadOwners() shows executions of processes that are gone as interrupted at once", async () => {
  const lab = new Lab();
  const { engine, die } = openMortal(lab);
  await startUpToB(lab, engine);
  die();
  const other = lab.openEngine({ owner: "other" });
  assert.deepEqual(await other.releaseDeadOwners(), []);
  const survivor = lab.openEngine({ owner: "survivor", isOwnerGone: (owner) => owner === "mortal" });
  const living = await survivor.start(chain);
  assert.deepEqual(await survivor.releaseDeadOwners(), ["e"]);
  assert.equal((await lab.store.getSummary("e", lab.clock.now()))?.status, "interrupted");
  assert.equal((await lab.store.getSummary(living.execution_id, lab.clock.now()))?.status, "running");
  const resumed = await survivor.resume("e");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
  assert.equal((await lab.clock.run(living.result)).status, "succeeded");
});

Deno.test("resume() of an execution that was cut off before its first event runs it from the beginning", async () => {
  const lab = new Lab();
  const dying = wrapStore(lab.store, { append: () => new Promise<never>(() => {}) });
  await lab.openEngine({ owner: "dying", store: dying }).start(chain, { execution_id: "e", inputs: { x: 1 } });
  await lab.clock.advance(LEASE_MS * 2);
  await lab.store.releaseLease("e", "dying");
  const resumed = await lab.openEngine().resume("e");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
  assert.deepEqual((await lab.lines("e")).slice(0, 2), ["WorkflowStarted", "NodeStarted a"]);
});
