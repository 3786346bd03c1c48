import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { type Act, breaks, Lab, wrapStore } from "../tests/support/lab.ts";
import { cacheResult, computeHash, getCachedResult, type HashParts } from "./cache.ts";
import type { StartOptions } from "./engine_options.ts";
import type { ExecutionEvent } from "./events.ts";
import { MemoryStore } from "./memory_store.ts";
import { anyPorts, defineNode } from "./node.ts";
import { NodeRegistry } from "./registry.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

const parts: HashParts = { node_type: "a.b", version: 1, config: { x: 1, y: [1, 2] }, inputs: { in: "text" } };

Deno.test("computeHash() depends on type, version, config and inputs, and on nothing else", async () => {
  const hash = await computeHash(parts);
  assert.match(hash, /^[0-9a-f]{64}$/);
  const reordered = { inputs: { in: "text" }, config: { y: [1, 2], x: 1 }, version: 1, node_type: "a.b" };
  assert.equal(await computeHash(reordered), hash);
  const others: HashParts[] = [
    { ...parts, node_type: "a.c" },
    { ...parts, version: 2 },
    { ...parts, config: { x: 1, y: [2, 1] } },
    { ...parts, config: { x: "1", y: [1, 2] } },
    { ...parts, inputs: {} },
    { ...parts, inputs: { in: new TextEncoder().encode("text") } },
    { ...parts, config: parts.inputs, inputs: { x: 1, y: [1, 2] } },
  ];
  const hashes = await Promise.all(others.map(computeHash));
  assert.equal(new Set([hash, ...hashes]).size, others.length + 1);
});

Deno.test("getCachedResult() answers what cacheResult() has kept until its time is over", async () => {
  const store = new MemoryStore();
  await cacheResult(store, { key: "k", node_type: "a.b", outputs: { out: 1 }, ttlSeconds: 60 }, 1000);
  assert.deepEqual(await getCachedResult(store, "k", 60_999), { out: 1 });
  assert.equal(await getCachedResult(store, "k", 61_000), undefined);
  assert.equal(await getCachedResult(store, "other", 1000), undefined);
});

const cached: NodeSpec = { id: "a", node_type: "test.node", config: {}, cache: { ttl_seconds: 60 } };
const workflow = createWorkflow([cached, "b"], ["a > b"]);

/** Hashes are computed outside of the fake time, which therefore stands still. */
async function run(lab: Lab, given: Workflow = workflow, options: StartOptions = {}): Promise<ExecutionEvent[]> {
  const handle = await lab.openEngine().start(given, options);
  await handle.result;
  return await lab.events(handle.execution_id);
}

/** A node that answers how often it has run. */
function counts(): Act {
  let runs = 0;
  return () => ({ out: ++runs });
}

Deno.test("a cached node does not run again: its completion says so, and others get its outputs", async () => {
  const seen: unknown[] = [];
  const lab = new Lab({ a: counts(), b: ({ inputs }) => (seen.push(inputs), {}) });
  await run(lab);
  const events = await run(lab);
  assert.deepEqual(events.map((event) => "node_id" in event ? `${event.type} ${event.node_id}` : event.type), [
    "WorkflowStarted",
    "NodeCompleted a",
    "NodeStarted b",
    "NodeCompleted b",
    "WorkflowCompleted",
  ]);
  const [hit] = events.flatMap((event) => event.type === "NodeCompleted" && event.node_id === "a" ? [event] : []);
  assert.deepEqual([hit?.cached, hit?.outputs], [true, { out: 1 }]);
  assert.deepEqual(seen, [{ in: 1 }, { in: 1 }]);
  assert.deepEqual(lab.begun, ["a 1", "b 1", "b 1"]);
});

Deno.test("a cached result is used until its time is over, and is not prolonged by its use", async () => {
  const lab = new Lab({ a: counts() });
  const hits: boolean[] = [];
  for (let i = 0; i < 5; i++) {
    const events = await run(lab);
    hits.push(events.some((event) => event.type === "NodeCompleted" && event.cached === true));
    await lab.clock.advance(25_000);
  }
  assert.deepEqual(hits, [false, true, true, false, true]);
});

Deno.test("a cached result belongs to its inputs", async () => {
  const lab = new Lab();
  for (const x of [1, 2, 1, 2]) await run(lab, createWorkflow([cached]), { inputs: { x } });
  assert.deepEqual(lab.begun, ["a 1", "a 1"]);
});

Deno.test("nodes of the same type with the same config and inputs share a result, whatever their ids", async () => {
  const lab = new Lab();
  await run(lab, createWorkflow([cached]));
  await run(lab, createWorkflow([{ ...cached, id: "z" }]));
  assert.deepEqual(lab.begun, ["a 1"]);
});

Deno.test("another version of a node type uses no results of earlier ones", async () => {
  const lab = new Lab();
  let runs = 0;
  const define = (version: number) =>
    defineNode({
      type: "test.node",
      version,
      summary: "Count",
      category: "test",
      config: {},
      inputs: anyPorts(),
      outputs: anyPorts(),
      run: () => (runs++, {}),
    });
  for (const version of [1, 2, 2, 1]) {
    const handle = await lab.openEngine({ registry: new NodeRegistry([define(version)]) }).start(
      createWorkflow([cached]),
    );
    await handle.result;
  }
  assert.equal(runs, 2);
});

Deno.test("failures are never cached", async () => {
  const lab = new Lab({ a: breaks() });
  await run(lab);
  lab.acts = {};
  assert.ok((await run(lab)).some((event) => event.type === "NodeStarted" && event.node_id === "a"));
});

Deno.test("start() with useCache: false neither takes earlier results nor leaves any", async () => {
  const lab = new Lab({ a: counts() });
  await run(lab, workflow, { useCache: false });
  assert.deepEqual(await lab.store.listCached(lab.clock.now()), []);
  await run(lab);
  await run(lab, workflow, { useCache: false });
  assert.deepEqual(lab.begun.filter((line) => line === "a 1").length, 3);
});

Deno.test("a cache that cannot be read or written costs time, not the execution", async () => {
  const fail = () => {
    throw new Error("The disk is gone");
  };
  const reject = () => Promise.reject(new Error("The disk is gone"));
  for (const replaced of [{ getCached: fail }, { getCached: reject }, { putCached: fail }, { putCached: reject }]) {
    const lab = new Lab({ a: counts() }, wrapStore(new MemoryStore(), replaced));
    for (let i = 0; i < 2; i++) {
      const events = await run(lab);
      const last = events.at(-1);
      assert.ok(last?.type === "WorkflowCompleted" && last.success);
    }
    assert.deepEqual(lab.begun, ["a 1", "b 1", "a 1", "b 1"]);
  }
});

Deno.test("a node that is cancelled while the cache is being looked into never starts", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<undefined>();
  const lab = new Lab();
  const slow = wrapStore(lab.store, { getCached: () => (asked.resolve(), answer.promise) });
  const handle = await lab.openEngine({ store: slow }).start(workflow);
  await asked.promise;
  handle.cancel("Enough");
  answer.resolve(undefined);
  assert.equal((await handle.result).status, "cancelled");
  assert.deepEqual(lab.begun, []);
});
