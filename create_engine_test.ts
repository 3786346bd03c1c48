import assert from "node:assert/strict";
import { createEngine } from "./create_engine.ts";
import { defineNode } from "./engine/node.ts";
import { parseWorkflow } from "./engine/parse.ts";
import { NodeRegistry } from "./engine/registry.ts";
import { builtinNodes } from "./nodes/mod.ts";
import { openSqliteStore } from "./store/open.ts";

const nothing = defineNode({
  type: "test.nothing",
  version: 1,
  summary: "Do nothing",
  category: "test",
  config: {},
  inputs: {},
  outputs: {},
  run: () => ({}),
});

Deno.test("createEngine() knows the built-in node types unless it is told which ones", () => {
  const builtin = builtinNodes().map(({ type }) => type).sort();
  assert.deepEqual(createEngine().registry.types(), builtin);
  assert.deepEqual(createEngine({ nodes: [nothing] }).registry.types(), ["test.nothing"]);
  const registry = new NodeRegistry([nothing]);
  assert.equal(createEngine({ registry }).registry, registry);
});

Deno.test("createEngine() needs no permission to run in memory what needs none", async () => {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { createEngine } from ${url("./create_engine.ts")};
    import { parseWorkflow } from ${url("./engine/parse.ts")};
    const engine = createEngine();
    const workflow = await parseWorkflow({ nodes: [{ id: "a", node_type: "debug.log" }] });
    console.log((await (await engine.start(workflow, { inputs: { message: "hi" } })).result).status);
    await engine.close();`;
  const config = new URL("./deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "--config", config, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Response(script).body?.pipeTo(child.stdin);
  const { stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stdout), "succeeded\n", new TextDecoder().decode(stderr));
});

Deno.test("createEngine() makes engines of one process that leave each other's executions alone", async () => {
  await using store = await openDisposableStore();
  const [driver, other] = [createEngine(store), createEngine(store)];
  const nodes = [{ id: "wait", node_type: "time.delay", config: { delay_ms: 60_000 } }];
  const { execution_id, result } = await driver.start(await parseWorkflow({ nodes }));
  await assert.rejects(other.resume(execution_id), { code: "conflict" });
  assert.deepEqual(await other.releaseDeadOwners(), []);
  assert.equal(await driver.cancel(execution_id), true);
  assert.equal((await result).status, "cancelled");
  await Promise.all([driver.close(), other.close()]);
});

async function openDisposableStore() {
  const store = await openSqliteStore(":memory:");
  return { store, [Symbol.asyncDispose]: () => store.close() };
}
