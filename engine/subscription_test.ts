import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { Lab, sleeps, wrapStore } from "../tests/support/lab.ts";
import { type BusListener, EventBus } from "./bus.ts";
import type { ExecutionEvent } from "./events.ts";
import { LEASE_MS } from "./leases.ts";
import { MemoryStore } from "./memory_store.ts";
import type { NodeContext } from "./node.ts";
import type { Store } from "./store.ts";
import { subscribe } from "./subscription.ts";

const one = createWorkflow(["a"]);
const chain = createWorkflow(["a", "b"], ["a > b"]);

function seqs(events: readonly ExecutionEvent[]): number[] {
  return events.map(({ seq }) => seq);
}

/** 1, 2, 3 ... */
function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** A node that says `count` lines, one every `ms`. */
function talks(count: number, ms: number) {
  return new Lab({
    async a({ stdout, sleep }) {
      for (let i = 0; i < count; i++) {
        stdout(`${i}`);
        await sleep(ms);
      }
      return {};
    },
  });
}

/** A memory store that counts how often its journal is read, and answers late if it is told to. */
function openSlowStore(delay: () => Promise<void> = () => Promise.resolve()): { store: Store; reads: () => number } {
  const memory = new MemoryStore();
  let reads = 0;
  const store = wrapStore(memory, {
    async readEvents(id, query) {
      reads++;
      const events = memory.readEvents(id, query);
      await delay();
      return events;
    },
  });
  return { store, reads: () => reads };
}

Deno.test("subscribe() replays what has happened and goes on live, without gap or duplicate", async () => {
  const lab = talks(30, 10);
  const engine = lab.openEngine();
  const handle = await engine.start(one, { execution_id: "e" });
  const all = [0, 5, 100, 155, 295, 1000].map(async (lateMs) => {
    await new Promise<void>((resolve) => lab.clock.setTimer(lateMs, resolve));
    return await Array.fromAsync(engine.subscribe("e"));
  });
  const heard = await lab.clock.run(Promise.all(all));
  await lab.clock.run(handle.result);
  const journal = await lab.events("e");
  for (const events of heard) assert.deepEqual(events, journal);
});

Deno.test("subscribe() begins after the event that it is told, also if that is the last or yet to come", async () => {
  const lab = talks(3, 10);
  const engine = lab.openEngine();
  const handle = await engine.start(one, { execution_id: "e" });
  const early = Array.fromAsync(handle.events({ after: 4 }));
  await lab.clock.run(handle.result);
  assert.deepEqual(seqs(await lab.clock.run(early)), [5, 6, 7]);
  assert.deepEqual(seqs(await Array.fromAsync(engine.subscribe("e", { after: 5 }))), [6, 7]);
  assert.deepEqual(await Array.fromAsync(engine.subscribe("e", { after: 7 })), []);
  assert.deepEqual(await Array.fromAsync(engine.subscribe("e", { after: 1000 })), []);
  assert.deepEqual(await Array.fromAsync(engine.subscribe("there is no such execution")), []);
});

Deno.test("subscribe(): subscribers of different speed get all events, and the slow ones hold up nobody", async () => {
  const lab = talks(50, 10);
  const startedAt = lab.clock.now();
  const handle = await lab.openEngine().start(one);
  const listen = async (pauseMs: number) => {
    const events: ExecutionEvent[] = [];
    for await (const event of handle.events()) {
      events.push(event);
      if (pauseMs > 0) await new Promise<void>((resolve) => lab.clock.setTimer(pauseMs, resolve));
    }
    return seqs(events);
  };
  const listening = Promise.all([0, 1, 33, 1000].map(listen));
  await lab.clock.run(handle.result);
  assert.equal(lab.clock.now() - startedAt, 500);
  const heard = await lab.clock.run(listening);
  for (const events of heard) assert.deepEqual(events, upTo(54));
});

Deno.test("subscribe(): a subscriber that stops reading for 20,000 events catches up from the journal", async () => {
  const { store, reads } = openSlowStore();
  const lab = new Lab({
    async a({ stdout, sleep }) {
      for (let i = 0; i < 20_000; i++) {
        stdout(`${i}`);
        if (i % 100 === 0) await sleep(1);
      }
      return {};
    },
  }, store);
  const handle = await lab.openEngine().start(one);
  const reader = handle.events()[Symbol.asyncIterator]();
  const first = await lab.clock.run(reader.next());
  assert.ok(!first.done && first.value.seq === 1);
  await lab.clock.run(handle.result);
  const rest: ExecutionEvent[] = [];
  const readsBefore = reads();
  for await (const event of { [Symbol.asyncIterator]: () => reader }) rest.push(event);
  assert.deepEqual(seqs(rest), upTo(20_004).slice(1));
  assert.ok(reads() - readsBefore >= 15, "the buffer is bounded: most of it is read again");
});

Deno.test("subscribe() takes live events from the bus, not from the journal", async () => {
  const { store, reads } = openSlowStore();
  const lab = talks(1000, 1);
  const engine = lab.openEngine({ store });
  const handle = await engine.start(one);
  const listening = Array.fromAsync(handle.events());
  await lab.clock.run(handle.result);
  assert.equal((await listening).length, 1004);
  assert.ok(reads() <= 3, `${reads()} reads`);
});

Deno.test("subscribe() loses and repeats nothing while it reads a long journal slowly, page by page", async () => {
  const lab = talks(4000, 1);
  const { store } = openSlowStore(() => new Promise((resolve) => lab.clock.setTimer(37, resolve)));
  const handle = await lab.openEngine({ store }).start(one);
  await lab.clock.advance(2500);
  const heard = await lab.clock.run(Array.fromAsync(handle.events()));
  await lab.clock.run(handle.result);
  assert.deepEqual(seqs(heard), upTo(4004));
});

Deno.test("subscribe() does not wait with what has happened for something new to happen", async () => {
  const burst = ({ stdout }: NodeContext) => {
    for (let i = 0; i < 5000; i++) stdout(`${i}`);
  };
  const lab = new Lab({
    async a(ctx) {
      burst(ctx);
      await ctx.sleep(1000);
      burst(ctx);
      await ctx.sleep(1000);
      return {};
    },
  });
  const handle = await lab.openEngine().start(one);
  await lab.clock.advance(1);
  let heard = 0;
  const listening = (async () => {
    for await (const _ of handle.events()) heard++;
  })();
  await lab.clock.advance(500);
  assert.equal(heard, 5002);
  await lab.clock.advance(1000);
  assert.equal(heard, 10_002);
  await lab.clock.run(listening);
  assert.equal(heard, 10_004);
  await handle.result;
});

Deno.test("subscribe() ends quietly when its signal aborts: before it began, while it waits, and between events", async () => {
  const lab = new Lab({ a: sleeps(1000) });
  const handle = await lab.openEngine().start(chain);
  assert.deepEqual(await Array.fromAsync(handle.events({ signal: AbortSignal.abort() })), []);

  const waiting = new AbortController();
  const heard = Array.fromAsync(handle.events({ signal: waiting.signal }));
  await lab.clock.advance(100);
  waiting.abort();
  assert.deepEqual(seqs(await heard), [1, 2]);

  const between = new AbortController();
  let some = 0;
  for await (const { seq } of handle.events({ signal: between.signal })) between.abort(some += seq);
  assert.equal(some, 1);
  assert.equal((await lab.clock.run(handle.result)).status, "succeeded");
});

Deno.test("subscribe(): leaving the loop early leaves no timer and nobody else behind", async () => {
  const lab = new Lab({ a: sleeps(1000) });
  const handle = await lab.openEngine({ owner: "there" }).start(chain, { execution_id: "e" });
  const other = lab.openEngine({ owner: "here" });
  for await (const event of other.subscribe("e")) {
    if (event.type === "NodeStarted") break;
  }
  const timers = lab.clock.pending;
  for await (const _ of other.subscribe("e")) break;
  assert.equal(lab.clock.pending, timers);
  await lab.clock.run(handle.result);
  assert.equal(lab.clock.pending, 0);
});

Deno.test("subscribe() follows an execution of another process", async () => {
  const lab = talks(20, 100);
  const handle = await lab.openEngine({ owner: "there" }).start(one, { execution_id: "e" });
  const following = Array.fromAsync(lab.openEngine({ owner: "here" }).subscribe("e"));
  await lab.clock.run(handle.result);
  const endedAt = lab.clock.now();
  assert.deepEqual(await lab.clock.run(following), await lab.events("e"));
  assert.ok(lab.clock.now() - endedAt <= 200);
  assert.equal(lab.clock.pending, 0);
});

Deno.test("subscribe() misses no event of another process that ends the execution at this very moment", async () => {
  const lab = new Lab({ a: sleeps(100) });
  const handle = await lab.openEngine({ owner: "there" }).start(one, { execution_id: "e" });
  await lab.clock.advance(1);
  const late = wrapStore(lab.store, {
    async getSummary(id, now) {
      await handle.result;
      return await lab.store.getSummary(id, now);
    },
  });
  const engine = lab.openEngine({ owner: "here", store: late });
  assert.deepEqual(seqs(await lab.clock.run(Array.fromAsync(engine.subscribe("e")))), upTo(4));
});

Deno.test("subscribe() ends when the process that drives the execution has died", async () => {
  const lab = new Lab({ a: sleeps(1_000_000) });
  let isDead = false;
  const mortal = wrapStore(lab.store, {
    cancelRequested: () => isDead ? new Promise<never>(() => {}) : undefined,
  });
  await lab.openEngine({ owner: "mortal", store: mortal }).start(one, { execution_id: "e" });
  const following = Array.fromAsync(lab.openEngine().subscribe("e"));
  await lab.clock.advance(1000);
  isDead = true;
  const diedAt = lab.clock.now();
  assert.deepEqual(seqs(await lab.clock.run(following)), [1, 2]);
  assert.ok(lab.clock.now() - diedAt <= LEASE_MS + 200);
});

Deno.test("subscribe() goes on when an execution that it follows is resumed in this process", async () => {
  const lab = new Lab({ a: sleeps(10_000) });
  const doomed = lab.openEngine({ owner: "there" });
  await doomed.start(chain, { execution_id: "e" });
  await lab.clock.advance(100);
  const survivor = lab.openEngine({ owner: "here" });
  const following = Array.fromAsync(survivor.subscribe("e"));
  await lab.clock.advance(50);
  await doomed.close();
  const resumed = await survivor.resume("e");
  await lab.clock.run(resumed.result);
  assert.deepEqual(await lab.clock.run(following), await lab.events("e"));
});

Deno.test("subscribe() ends soon when the engine is closed, with all that the journal has", async () => {
  const lab = new Lab({ a: sleeps(10_000) });
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "e" });
  const listening = Array.fromAsync(handle.events());
  await lab.clock.advance(100);
  const closedAt = lab.clock.now();
  await engine.close();
  assert.deepEqual(seqs(await lab.clock.run(listening)), [1, 2]);
  assert.equal(lab.clock.now(), closedAt);
});

/** A bus that counts its listeners. */
class WatchedBus extends EventBus {
  listeners = 0;

  override attach(executionId: string | undefined, listener: BusListener): () => void {
    this.listeners++;
    const detach = super.attach(executionId, listener);
    return () => (this.listeners--, detach());
  }
}

Deno.test("subscribe() lets go of the bus, however it ends, and passes a failure of the journal on", async () => {
  const bus = new WatchedBus();
  const lab = new Lab();
  const handle = await lab.openEngine().start(one, { execution_id: "e" });
  await lab.clock.run(handle.result);
  const source = { store: lab.store, bus, clock: lab.clock, isDrivenHere: () => false };
  assert.equal((await Array.fromAsync(subscribe(source, "e"))).length, 4);
  assert.equal(bus.listeners, 0);
  for await (const _ of subscribe(source, "e")) {
    assert.equal(bus.listeners, 1);
    break;
  }
  assert.equal(bus.listeners, 0);
  const broken = wrapStore(lab.store, {
    readEvents: () => {
      throw new Error("The disk is gone");
    },
  });
  await assert.rejects(Array.fromAsync(subscribe({ ...source, store: broken }, "e")), /The disk is gone/);
  assert.equal(bus.listeners, 0);
});
