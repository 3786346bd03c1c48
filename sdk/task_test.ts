import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, FlowError, MemoryStore, openSqliteStore, task, workflow, WorkflowError, z } from "../mod.ts";

Deno.test("task() makes a node of a function: inputs, result, context, closures", async () => {
  const seen: string[] = [];
  const load = task(
    async function load({ names, suffix = "!" }: { names: string[]; suffix?: string }, { node_id, log }) {
      seen.push(node_id);
      log(`loading ${names.length}`);
      return await Promise.resolve({ loud: names.map((name) => name.toUpperCase() + suffix) });
    },
  );
  const join = task(({ parts }: { parts: string[] }) => parts.join(" "), { name: "join" });
  const wf = workflow("greeting", { inputs: { names: { type: "array" } } });
  const loaded = wf.add("a", load, { names: wf.input("names").as<string[]>() });
  wf.add("b", join, { parts: loaded.result.get("loud") });
  const { status, outputs } = await wf.run({ inputs: { names: ["ada", "bob"] } });
  assert.deepEqual([status, outputs, seen], ["succeeded", { b: { result: "ADA! BOB!" } }, ["a"]]);
});

Deno.test("task() tries again, times out, and can be told to give up by its signal", async () => {
  let attempts = 0;
  const flaky = task(() => {
    if (++attempts < 3) throw new Error(`no luck ${attempts}`);
    return attempts;
  }, { name: "flaky", retry: { max_attempts: 3, delay_ms: 1 } });
  const wf = workflow("flaky");
  wf.add("a", flaky);
  assert.deepEqual((await wf.run()).outputs, { a: { result: 3 } });

  attempts = 0;
  const impatient = workflow("impatient");
  impatient.add("a", flaky, {}, { retry: 0 });
  assert.match((await impatient.run()).error?.message ?? "", /no luck 1/, "the node's own options win");
  assert.equal(attempts, 1);

  const slow = task(
    (_: Record<never, never>, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    {
      name: "slow",
      timeout: 0.01,
    },
  );
  const late = workflow("late");
  late.add("a", slow);
  const { status, error } = await late.run();
  assert.equal(status, "failed");
  assert.match(error?.message ?? "", /timed out|exceeded|0\.01|10 ms/);
});

Deno.test("task() answers null for nothing, and refuses what is no value", async () => {
  const wf = workflow("odd");
  wf.add("nothing", task(function nothing() {}));
  assert.deepEqual((await wf.run()).outputs, { nothing: { result: null } });
  const odd = workflow("odd");
  odd.add("date", task(() => new Date(), { name: "date" }));
  const { status, error } = await odd.run();
  assert.equal(status, "failed");
  assert.match(error?.message ?? "", /date.*result/);
});

Deno.test("task() checks what it is given if it is told how", async () => {
  const add = task(({ a }: { a: number }) => a + 1, { name: "add", inputs: { a: z.number() } });
  const wf = workflow("checked");
  wf.add("add", add, { a: "${{ inputs.a }}" });
  assert.deepEqual((await wf.run({ inputs: { a: 1 } })).outputs, { add: { result: 2 } });
  const { error } = await wf.run({ inputs: { a: "1" } });
  assert.match(error?.message ?? "", /Node "add" failed: .*a\b.*number/i);
});

Deno.test("task() needs a name, and one function per name", () => {
  assert.throws(() => task(() => 1), (error) => error instanceof FlowError && error.code === "invalid_argument");
  for (const value of [undefined, 5, {}]) {
    assert.throws(() => task(value as unknown as () => void), /Cannot make a node of .+: it is no function$/);
  }
  const wf = workflow("names");
  wf.add("a", task(() => 1, { name: "same" }));
  assert.throws(() => wf.add("b", task(() => 2, { name: "same" })), /Cannot add node "b": "task.same" is other code/);
});

Deno.test("a task that was cut off goes on in a program that has its code, and says what is missing in one that has not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "flow-task-"));
  try {
    const store = await openSqliteStore(join(folder, "flow.db"));
    const ran: string[] = [];
    const build = (isStuck: boolean) => {
      const wf = workflow("jobs");
      const first = wf.add("first", task(() => ran.push("first"), { name: "count" }));
      const wait = task(async ({ n }: { n: number }, { sleep }) => {
        ran.push("second");
        if (isStuck) await sleep(60_000);
        return n + 1;
      }, { name: "wait" });
      wf.add("second", wait, { n: first.result });
      return wf;
    };
    const before = build(true);
    const crashing = createEngine({ store, nodes: before.nodeTypes });
    const execution = await before.start({ engine: crashing });
    for await (const event of execution.events()) if (event.type === "NodeStarted" && event.node_id === "second") break;
    await crashing.close();

    const stranger = createEngine({ store });
    await assert.rejects(stranger.resume(execution.execution_id), (error: unknown) => {
      assert.ok(error instanceof WorkflowError);
      const [issue] = error.issues;
      assert.equal(issue?.message, 'Node "first" has an unknown type: "task.count"');
      assert.match(issue?.hint ?? "", /^Give the engine the code under the same name/);
      return true;
    });
    await stranger.close();

    const resumed = await build(false).resume(execution.execution_id, { store });
    assert.deepEqual((await resumed.result).outputs, { second: { result: 2 } });
    assert.deepEqual(ran, ["first", "second", "second"], "what has completed did not run again");
    await store.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("resume() of an execution that is not there says so", async () => {
  await assert.rejects(
    workflow("x").resume("nobody", { store: new MemoryStore() }),
    /No execution has the id "nobody"/,
  );
});
