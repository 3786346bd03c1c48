import assert from "node:assert/strict";
import type { Engine } from "../engine/engine.ts";
import type { ExecutionHandle } from "../engine/engine_options.ts";
import { FlowError } from "../engine/errors.ts";
import { createFlowCall } from "../nodes/flow_call.ts";
import { getPlatform } from "../platform/mod.ts";
import { createWorkflow } from "../tests/support/events.ts";
import { idle } from "../tests/support/fake_clock.ts";
import { type Act, Lab, sleeps } from "../tests/support/lab.ts";
import { admitTo, ExecutionQueue, type QueueLimits } from "./execution_queue.ts";

/** An engine behind a queue; the node of each execution is its id, and takes a minute. */
class Line {
  readonly lab: Lab;
  readonly queue: ExecutionQueue;
  readonly engine: Engine;
  readonly handles: ExecutionHandle[] = [];

  constructor(limits: QueueLimits, lab = new Lab(), options: { owner?: string } = {}) {
    this.lab = lab;
    this.queue = new ExecutionQueue(limits);
    this.engine = lab.openEngine({ gate: this.queue, ...options });
  }

  /** Starts executions `a1`, `a2`, ... of the workflow `a`. */
  async start(workflowId: string, count: number): Promise<void> {
    for (let i = 1; i <= count; i++) {
      const id = `${workflowId}${i}`;
      this.lab.acts = { ...this.lab.acts, [id]: sleeps(60_000) };
      const workflow = { ...createWorkflow([id]), id: workflowId };
      this.handles.push(await this.engine.start(workflow, { execution_id: id }));
    }
    await idle();
  }

  async finish(): Promise<void> {
    for (const { result } of this.handles) await this.lab.clock.run(result);
  }

  /** The executions in the order in which their nodes began. */
  get begun(): string {
    return this.lab.begun.map((it) => it.split(" ")[0]).join(" ");
  }

  get waiting(): string {
    return this.queue.list(1000).map(({ execution_id }) => execution_id).join(" ");
  }
}

Deno.test("no more executions run than may, and the others go in the order in which they came", async () => {
  const line = new Line({ maxExecutions: 2 });
  await line.start("a", 5);
  assert.deepEqual([...line.lab.running], ["a1", "a2"]);
  assert.equal(line.waiting, "a3 a4 a5");
  await line.lab.clock.advance(60_000);
  await idle();
  assert.deepEqual([...line.lab.running], ["a3", "a4"]);
  await line.finish();
  assert.equal(line.begun, "a1 a2 a3 a4 a5");
  assert.deepEqual([line.queue.running, line.queue.waiting], [0, 0]);
});

Deno.test("a workflow with many executions does not hold up the only one of another", async () => {
  const line = new Line({ maxExecutions: 1 });
  await line.start("a", 50);
  await line.start("b", 2);
  await line.start("c", 1);
  assert.match(line.waiting, /^a2 b1 c1 a3 b2 a4 a5 /);
  const announced = line.waiting;
  await line.finish();
  assert.equal(line.begun, `a1 ${announced}`, "the positions were the truth");
});

Deno.test("a workflow at its own limit holds up no other", async () => {
  const line = new Line({ maxExecutions: 3, maxPerWorkflow: 1 });
  await line.start("a", 4);
  await line.start("b", 2);
  assert.deepEqual([...line.lab.running], ["a1", "b1"]);
  const record = await line.lab.store.getRecord("a3");
  assert.ok(record);
  assert.deepEqual(line.queue.find(record), {
    execution_id: "a3",
    workflow_id: "a",
    position: 3,
    reason: "The workflow has 1 running execution, its limit; 1 of it is before this one",
  });
  await line.finish();
  assert.equal(line.lab.begun.length, 6);
});

Deno.test("who waits is told its place and why", async () => {
  const line = new Line({ maxExecutions: 2 });
  await line.start("a", 4);
  await line.start("b", 1);
  assert.deepEqual(line.queue.list(10).map(({ position, reason }) => `${position} ${reason}`), [
    "1 The server has 2 running executions, its limit; 0 are before this one",
    "2 The server has 2 running executions, its limit; 1 is before this one",
    "3 The server has 2 running executions, its limit; 2 are before this one",
  ]);
  for (const it of line.queue.list(10)) {
    const record = await line.lab.store.getRecord(it.execution_id);
    assert.deepEqual(record && line.queue.find(record), it);
  }
  await line.finish();
});

Deno.test("an execution that is cancelled while it waits ends at once, and its history says so", async () => {
  const line = new Line({ maxExecutions: 1 });
  await line.start("a", 3);
  assert.equal(await line.engine.cancel("a2", "Not needed"), true);
  assert.equal((await line.handles[1]?.result)?.status, "cancelled");
  assert.deepEqual(await line.lab.lines("a2"), [
    "WorkflowStarted",
    "WorkflowCancelling",
    "NodeSkipped a2",
    "WorkflowCompleted cancelled",
  ]);
  assert.equal(line.waiting, "a3");
  await line.finish();
  assert.equal(line.begun, "a1 a3");
});

Deno.test("closing the engine leaves those that wait as they are, and the next one goes on in their order", async () => {
  const lab = new Lab();
  const line = new Line({ maxExecutions: 1 }, lab, { owner: "first" });
  await line.start("a", 3);
  line.queue.close();
  await line.engine.close();
  assert.equal((await lab.failure(line.handles[2] as ExecutionHandle)).code, "interrupted");
  assert.deepEqual(await lab.lines("a3"), [], "nothing was recorded");
  assert.equal((await lab.store.getSummary("a3", lab.clock.now()))?.status, "interrupted");

  const next = new Line({ maxExecutions: 1 }, lab, { owner: "second" });
  for (const id of ["a1", "a2", "a3"]) next.handles.push(await next.engine.resume(id));
  await idle();
  assert.equal(next.waiting, "a2 a3");
  await next.finish();
  assert.equal(next.begun, "a1 a1 a2 a3");
});

Deno.test("what was created first goes first, in whatever order it is resumed", async () => {
  const lab = new Lab();
  const line = new Line({ maxExecutions: 1 }, lab, { owner: "first" });
  for (const id of ["a", "b", "c", "d"]) {
    lab.acts = { ...lab.acts, [id]: sleeps(60_000) };
    line.handles.push(await line.engine.start(createWorkflow([id]), { execution_id: id }));
    await lab.clock.advance(1000);
  }
  line.queue.close();
  await line.engine.close();
  lab.begun.length = 0;
  const next = new Line({ maxExecutions: 1 }, lab, { owner: "second" });
  for (const id of ["d", "c", "b", "a"]) next.handles.push(await next.engine.resume(id));
  await next.finish();
  assert.equal(next.begun, "d a b c", "d came when nobody else was there");
});

Deno.test("a rerun that waited when the server ended keeps what it reuses", async () => {
  const lab = new Lab({ slow: sleeps(60_000) });
  const chain = createWorkflow(["x", "y"], ["x > y"]);
  const line = new Line({ maxExecutions: 1 }, lab, { owner: "first" });
  await lab.clock.run((await line.engine.start(chain, { execution_id: "e" })).result);
  await line.engine.start(createWorkflow(["slow"]), { execution_id: "slow" });
  const rerun = await line.engine.rerun(await line.engine.planRerun("e", { from: "y" }), { execution_id: "again" });
  await idle();
  assert.equal(line.waiting, "again");
  line.queue.close();
  await line.engine.close();
  assert.equal((await lab.failure(rerun)).code, "interrupted");
  lab.begun.length = 0;
  const resumed = await lab.openEngine({ owner: "second" }).resume("again");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
  assert.deepEqual(lab.begun, ["y 1"], "x was reused");
});

Deno.test("too many that wait are refused before they exist", async () => {
  const line = new Line({ maxExecutions: 1, maxWaiting: 2 });
  const admission = admitTo(line.engine, line.queue);
  await line.start("a", 3);
  await assert.rejects(admission.start(createWorkflow(["b"]), { execution_id: "b" }), { code: "rate_limited" });
  assert.equal(await line.lab.store.getRecord("b"), undefined);
  await line.finish();
});

Deno.test("an execution whose lease is lost while it waits is let go of, and the line goes on", async () => {
  const line = new Line({ maxExecutions: 1 });
  await line.start("a", 3);
  await line.lab.store.releaseLease("a2", (await line.lab.store.listLeases(line.lab.clock.now()))[0]?.owner ?? "");
  await line.lab.store.acquireLease(
    { execution_id: "a2", owner: "thief", expires_at: line.lab.clock.now() + 600_000 },
    line.lab.clock.now(),
  );
  const lost = line.lab.failure(line.handles[1] as ExecutionHandle);
  const error = await lost;
  assert.ok(error instanceof FlowError);
  assert.equal(error.code, "conflict");
  assert.deepEqual(await line.lab.lines("a2"), []);
  await line.lab.clock.run((line.handles[2] as ExecutionHandle).result);
  assert.equal(line.begun, "a1 a3");
});

const calls: Act = async ({ sleep }) => {
  await sleep(1);
  return { out: 1 };
};

Deno.test("what a node calls does not wait behind its caller", async () => {
  const lab = new Lab({ inner: calls });
  const engine = lab.openEngine({ gate: new ExecutionQueue({ maxExecutions: 1 }) });
  engine.registry.register(createFlowCall(getPlatform()));
  await lab.store.saveWorkflow({ ...createWorkflow(["inner"]), id: "inner" }, 0);
  const outer = createWorkflow([{ id: "call", node_type: "flow.call", config: { workflow_id: "inner" } }]);
  await engine.start(outer, { execution_id: "outer" });
  // Bounded, because one that waited for itself would wait for ever.
  for (let i = 0; i < 100; i++) await lab.clock.advance(10);
  assert.equal((await lab.store.getSummary("outer", lab.clock.now()))?.status, "succeeded");
});
