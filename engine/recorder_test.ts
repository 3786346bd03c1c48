import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { idle } from "../tests/support/fake_clock.ts";
import { type Act, Lab, sleeps, wrapStore } from "../tests/support/lab.ts";
import { FlowError } from "./errors.ts";
import type { ExecutionEvent } from "./events.ts";
import { MemoryStore } from "./memory_store.ts";
import type { Store } from "./store.ts";

const diamond = createWorkflow(["a", "slow", "b", "c"], ["a > b", "b > c"]);

/** A store that loses its disk with the append that would complete `lastNode`. */
function openFailing(lastNode: string, kind: "throws" | "rejects"): { lab: Lab; store: Store; refused: () => number } {
  const memory = new MemoryStore();
  let refused = 0;
  const store = wrapStore(memory, {
    append(id, after, events) {
      const isLast = events.some((event) => event.type === "NodeCompleted" && event.node_id === lastNode);
      if (!isLast && refused === 0) return memory.append(id, after, events);
      refused++;
      const error = new FlowError("store_failed", "The disk is full");
      if (kind === "throws") throw error;
      return Promise.reject(error);
    },
  });
  const slow: Act = async ({ sleep, stderr }) => {
    await sleep(60_000).finally(() => stderr("Terminated"));
    return {};
  };
  const lab = new Lab({ slow, b: sleeps(1000) }, memory);
  return { lab, store, refused: () => refused };
}

for (const kind of ["throws", "rejects"] as const) {
  Deno.test(`a journal that ${kind} stops all that runs, and nothing more is written`, async () => {
    const { lab, store, refused } = openFailing("b", kind);
    const handle = await lab.openEngine({ store }).start(diamond, { execution_id: "e" });
    const { code, message } = await lab.failure(handle);
    assert.deepEqual([code, message], ["store_failed", "The disk is full"]);
    assert.deepEqual([[...lab.running], lab.begun], [[], ["a 1", "slow 1", "b 1"]]);
    assert.equal((await lab.lines("e")).at(-1), "NodeStarted b");
    assert.deepEqual([refused(), lab.clock.pending], [1, 0]);
    assert.equal((await lab.store.getSummary("e", lab.clock.now()))?.status, "interrupted");
  });
}

Deno.test("subscribers see nothing that the journal has refused, and their subscription ends", async () => {
  const { lab, store } = openFailing("b", "throws");
  const handle = await lab.openEngine({ store }).start(diamond, { execution_id: "e" });
  const seen = await lab.clock.run(Array.fromAsync(handle.events()));
  assert.deepEqual(seen, await lab.events("e"));
});

Deno.test("a result that nobody awaits harms nobody when the journal fails or the engine is closed", async () => {
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listen);
  try {
    const { lab, store } = openFailing("a", "throws");
    await lab.openEngine({ store }).start(diamond);
    const closing = lab.openEngine();
    await closing.start(diamond);
    await lab.clock.advance(100);
    await closing.close();
    await new Promise((resolve) => setTimeout(resolve));
    await idle();
    assert.deepEqual(unhandled, []);
  } finally {
    removeEventListener("unhandledrejection", listen);
  }
});

Deno.test("lines that a node puts out are appended with the turn, or soon after, never one by one", async () => {
  const batches: ExecutionEvent["type"][][] = [];
  const memory = new MemoryStore();
  const store = wrapStore(memory, {
    append(id, after, events) {
      batches.push(events.map(({ type }) => type));
      memory.append(id, after, events);
    },
  });
  const lab = new Lab({
    async a({ stdout, sleep }) {
      for (let i = 0; i < 3; i++) stdout(`${i}`);
      await sleep(10);
      stdout("last");
      return {};
    },
  }, store);
  const handle = await lab.openEngine().start(createWorkflow(["a"]));
  await lab.clock.run(handle.result);
  assert.deepEqual(batches, [
    ["WorkflowStarted", "NodeStarted"],
    ["NodeEvent", "NodeEvent", "NodeEvent"],
    ["NodeEvent"],
    ["NodeCompleted"],
    ["WorkflowCompleted"],
  ]);
});

Deno.test("events have seqs without gaps and are told in order, however slow the journal is", async () => {
  const memory = new MemoryStore();
  let writing = 0;
  const lab = new Lab({}, memory);
  const store = wrapStore(memory, {
    async append(id, after, events) {
      assert.equal(++writing, 1, "one append at a time");
      await new Promise<void>((resolve) => lab.clock.setTimer(50, resolve));
      memory.append(id, after, events);
      writing--;
    },
  });
  lab.acts = {
    async slow({ stdout, sleep }) {
      for (let i = 0; i < 20; i++) {
        stdout(`line ${i}`);
        await sleep(7);
      }
      return {};
    },
  };
  const handle = await lab.openEngine({ store }).start(diamond, { execution_id: "e" });
  const seen = await lab.clock.run(Array.fromAsync(handle.events()));
  await lab.clock.run(handle.result);
  assert.deepEqual(seen.map(({ seq }) => seq), seen.map((_, i) => i + 1));
  assert.deepEqual(seen, await lab.events("e"));
  const lines = seen.flatMap((event) => event.type === "NodeEvent" && "line" in event.event ? [event.event.line] : []);
  assert.deepEqual(lines, Array.from({ length: 20 }, (_, i) => `line ${i}`));
});
