import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { FakeClock } from "../tests/support/fake_clock.ts";
import { wrapStore } from "../tests/support/lab.ts";
import { createEngine } from "./engine.ts";
import { FlowError } from "./errors.ts";
import { MemoryStore } from "./memory_store.ts";
import { anyPorts, defineNode, type NodeContext } from "./node.ts";
import type { RerunOptions } from "./rerun.ts";
import { readAllEvents, type Store } from "./store.ts";
import type { Value, Values } from "./value.ts";

type Act = (ctx: NodeContext) => Promise<Values> | Values;

/** Engines whose nodes open things, and what was closed. */
class Workshop {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly closed: Value[] = [];
  /** `open` and `close` with the name, and `run` with the node. */
  readonly story: string[] = [];
  close = (_name: Value): Promise<unknown> => Promise.resolve();

  openEngine(acts: Readonly<Record<string, Act>>, store: Store = this.store, owner = "first") {
    const definition = defineNode({
      type: "test.node",
      version: 1,
      summary: "Open something",
      category: "test",
      config: {},
      inputs: anyPorts(),
      outputs: anyPorts(),
      run: (ctx) => {
        this.story.push(`run ${ctx.node_id}`);
        return acts[ctx.node_id]?.(ctx) ?? {};
      },
      closeResource: async ({ name = null }) => {
        this.story.push(`close ${name}`);
        await this.close(name);
        this.closed.push(name);
      },
    });
    return createEngine({ nodes: [definition], clock: this.clock, store, owner });
  }

  async types(id: string): Promise<string[]> {
    const events = await Array.fromAsync(readAllEvents(this.store, id));
    return events.map(({ type, ...rest }) => "node_id" in rest ? `${type} ${rest.node_id}` : type);
  }
}

const opens = (name: string, until: "attempt" | "execution" = "execution", ms = 0): Act => async (ctx) => {
  ctx.resourceOpened({ name }, { until });
  await ctx.sleep(ms);
  return { out: name };
};
const breaks: Act = () => {
  throw new FlowError("node_failed", "No luck");
};

Deno.test("what nodes have opened is closed before the execution ends, however it ends", async () => {
  const endings: [status: string, b: Act, limitMs?: number][] = [
    ["succeeded", () => ({})],
    ["failed", breaks],
    ["failed", opens("b", "execution", 60_000), 1000],
    ["cancelled", opens("b", "execution", 60_000)],
  ];
  for (const [status, b, limitMs] of endings) {
    const shop = new Workshop();
    const engine = shop.openEngine({ a: opens("a"), b });
    const run = await engine.start(createWorkflow(["a", "b"], ["a > b"]), { execution_id: "e", timeoutMs: limitMs });
    if (status === "cancelled") shop.clock.setTimer(500, () => run.cancel());
    const result = await shop.clock.run(run.result);
    assert.equal(result.status, status);
    const types = await shop.types("e");
    assert.deepEqual(shop.closed, types.includes("NodeResource b") ? ["a", "b"] : ["a"]);
    assert.equal(types.at(-1), "WorkflowCompleted");
    assert.equal((await engine.status("e"))?.resources?.length, shop.closed.length);
  }
});

Deno.test("what cannot be closed is a warning of its node, and changes nothing else", async () => {
  const shop = new Workshop();
  shop.close = (name) => name === "a" ? Promise.reject(new Error("nobody there")) : new Promise(() => {});
  const engine = shop.openEngine({ a: opens("a"), b: opens("b") });
  const startedAt = shop.clock.now();
  const { result } = await engine.start(createWorkflow(["a", "b"], []), { execution_id: "e" });
  assert.equal((await shop.clock.run(result)).status, "succeeded");
  assert.equal(shop.clock.now() - startedAt, 15_000);
  const events = await Array.fromAsync(readAllEvents(shop.store, "e"));
  assert.deepEqual(
    events.flatMap((event) => event.type === "NodeEvent" ? [[event.node_id, event.event]] : []),
    [
      ["a", { event_type: "Warning", message: "Could not close what this node had opened: nobody there" }],
      ["b", { event_type: "Warning", message: "Could not close what this node had opened: it took longer than 15 s" }],
    ],
  );
});

Deno.test("what an attempt keeps for itself is its own to close, unless it was cut off", async () => {
  const shop = new Workshop();
  const acts = { a: opens("kept"), b: opens("own", "attempt"), c: opens("lost", "attempt", 10_000) };
  let isDead = false;
  const mortal = wrapStore(shop.store, {
    append: (id, after, events) => isDead ? new Promise<never>(() => {}) : shop.store.append(id, after, events),
    acquireLease: (lease, now) => isDead ? new Promise<never>(() => {}) : shop.store.acquireLease(lease, now),
  });
  const workflow = createWorkflow(["a", "b", "c"], ["a > b", "b > c"]);
  await shop.openEngine(acts, mortal).start(workflow, { execution_id: "e" });
  await shop.clock.advance(100);
  isDead = true;
  await shop.clock.advance(60_000);
  assert.deepEqual(shop.closed, []);

  shop.story.length = 0;
  const { result } = await shop.openEngine(acts, shop.store, "second").resume("e");
  assert.equal((await shop.clock.run(result)).status, "succeeded");
  assert.deepEqual(shop.story, ["close lost", "run c", "close kept"]);
});

Deno.test("close() of the engine leaves open what an execution still needs when it is resumed", async () => {
  const shop = new Workshop();
  const engine = shop.openEngine({ a: opens("a", "execution", 10_000) });
  const { result } = await engine.start(createWorkflow(["a"], []), { execution_id: "e" });
  await shop.clock.advance(100);
  await shop.clock.run(engine.close());
  await assert.rejects(result, { code: "interrupted" });
  assert.deepEqual(shop.closed, []);
});

Deno.test("a rerun opens again what its nodes need, and leaves alone what they do not", async () => {
  const shop = new Workshop();
  const engine = shop.openEngine({ a: opens("a"), x: opens("x") });
  // "a" and "x" open something; "d" comes behind both, "b" only behind "a".
  const workflow = createWorkflow(["a", "b", "c", "d", "x"], ["a > b", "b > c", "c > d", "x > d"]);
  const first = await engine.start(workflow, { execution_id: "e" });
  await shop.clock.run(first.result);
  const planned = async (options: RerunOptions) =>
    (await engine.planRerun("e", options)).nodes.map(({ node_id, action, why }) => `${node_id} ${action}: ${why}`);
  assert.deepEqual(await planned({ from: "d" }), [
    "a run: what it had opened is closed",
    'b run: behind "a"',
    'c run: behind "b"',
    "d run: selected",
    "x run: what it had opened is closed",
  ]);
  await assert.rejects(planned({ only: "d" }), {
    code: "invalid_argument",
    message: 'Cannot rerun only "d": what "a" had opened is closed',
  });

  shop.story.length = 0;
  const again = await engine.rerun(await engine.planRerun("e", { from: "x" }));
  assert.equal((await shop.clock.run(again.result)).status, "succeeded");
  assert.deepEqual(shop.story, ["run a", "run x", "run b", "run c", "run d", "close a", "close x"]);
});
