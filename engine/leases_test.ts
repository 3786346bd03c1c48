import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { FakeClock, idle } from "../tests/support/fake_clock.ts";
import { wrapStore } from "../tests/support/lab.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createEngine } from "./engine.ts";
import { type LeaseHolder, Leases } from "./leases.ts";
import { MemoryStore } from "./memory_store.ts";
import { defineNode } from "./node.ts";
import { parseWorkflow } from "./parse.ts";
import type { Store } from "./store.ts";

/** Runs one node, and answers the timers that were set meanwhile. */
async function timersOf(run: () => Promise<void> | void): Promise<number[]> {
  const timers: number[] = [];
  const clock: Clock = {
    ...systemClock,
    // No time passes, so that nothing pauses to let others have a turn, however slow the machine is.
    monotonic: () => 0,
    setTimer(ms, callback) {
      timers.push(ms);
      return systemClock.setTimer(ms, callback);
    },
  };
  const node = defineNode({
    type: "test.node",
    version: 1,
    summary: "Test",
    category: "test",
    config: {},
    inputs: {},
    outputs: {},
    run: async () => {
      await run();
      return {};
    },
  });
  const engine = createEngine({ nodes: [node], clock });
  const workflow = await parseWorkflow({ nodes: [{ id: "a", node_type: "test.node" }] });
  const { result } = await engine.start(workflow);
  assert.equal((await result).status, "succeeded");
  return timers;
}

Deno.test("an execution that only computes sets no timer", async () => {
  assert.deepEqual(await timersOf(() => {}), []);
});

Deno.test("an execution that waits for something is looked after while it waits", async () => {
  assert.deepEqual(await timersOf(() => systemClock.yield()), [500]);
});

const quiet: LeaseHolder = { onCancelRequested: () => {}, onLost: () => {} };

function createStore(...ids: string[]): Store {
  const store = new MemoryStore();
  for (const execution_id of ids) {
    store.createExecution({
      execution_id,
      workflow: createWorkflow(["a"]),
      inputs: {},
      verbose: false,
      created_at: "2026-01-01",
    });
  }
  return store;
}

Deno.test("Leases: one timer serves all executions, and there is none when there are none", async () => {
  const clock = new FakeClock();
  const leases = new Leases(createStore("1", "2", "3"), clock, "me");
  for (const id of ["1", "2", "3"]) {
    assert.equal(await leases.acquire(id), true);
    leases.keep(id, quiet);
    await idle();
    assert.equal(clock.pending, 1);
  }
  await clock.advance(10_000);
  assert.equal(clock.pending, 1);
  for (const id of ["1", "2"]) await leases.release(id);
  assert.equal(clock.pending, 1);
  await leases.release("3");
  assert.equal(clock.pending, 0);
});

Deno.test("Leases: executions that come and go during a heartbeat leave no second timer", async () => {
  const clock = new FakeClock();
  const store = createStore("1", "2");
  let answer = () => {};
  let asked = 0;
  const slow = wrapStore(store, {
    cancelRequested: () => new Promise<undefined>((resolve) => (asked++, answer = () => resolve(undefined))),
  });
  const leases = new Leases(slow, clock, "me");
  leases.keep("1", quiet);
  await clock.advance(500);
  leases.keep("2", quiet);
  await clock.advance(5000);
  assert.equal(asked, 1, "no heartbeat begins while one lasts");
  const released = leases.release("1");
  answer();
  await idle();
  answer();
  await released;
  await idle();
  assert.equal(clock.pending, 1);
  await leases.release("2");
  assert.equal(clock.pending, 0);
});
