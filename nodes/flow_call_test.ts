import assert from "node:assert/strict";
import { join } from "node:path";
import { Engine } from "../engine/engine.ts";
import type { Values } from "../engine/value.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import { MemoryStore } from "../engine/memory_store.ts";
import { checkDocument, parseWorkflow } from "../engine/parse.ts";
import { NodeRegistry } from "../engine/registry.ts";
import { readAllEvents, type Store } from "../engine/store.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import { getPlatform } from "../platform/mod.ts";
import { type Act, Lab } from "../tests/support/lab.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { createFlowCall } from "./flow_call.ts";

/** Engines whose workflows may call each other, on a fake clock. */
class CallLab extends Lab {
  constructor(acts: Readonly<Record<string, Act>> = {}, store: Store = new MemoryStore()) {
    super(acts, store);
  }

  openCallEngine(): Engine {
    const own = this.openEngine().registry.list();
    const registry = new NodeRegistry([...own, createFlowCall(getPlatform())]);
    return new Engine({ registry, store: this.store, clock: this.clock });
  }

  async start(engine: Engine, document: unknown, options: { inputs?: Values; source?: string } = {}) {
    return await engine.start<Values>(await parseWorkflow(document, { registry: engine.registry }), options);
  }

  async run(document: unknown, options: { inputs?: Values; source?: string } = {}): Promise<ExecutionResult<Values>> {
    const handle = await this.start(this.openCallEngine(), document, options);
    return await this.clock.run(handle.result);
  }

  async children(executionId: string): Promise<string[]> {
    const found = await this.store.listExecutions({ called_by: executionId }, this.clock.now());
    return found.map(({ execution_id }) => execution_id);
  }
}

const child = {
  id: "child",
  inputs: { name: { type: "string" } },
  nodes: [{ id: "work", node_type: "test.node", config: { note: "${{ inputs.name }}" } }],
  outputs: { text: "${{ nodes.work.out }}" },
};

const calling = (config: Values, node: Values = {}) => ({
  id: "parent",
  nodes: [{ id: "call", node_type: "flow.call", config, ...node }],
});

const echoes: Record<string, Act> = { work: ({ config }) => ({ out: `<${(config as { note?: string }).note}>` }) };

Deno.test("flow.call runs a document as an execution of its own, and answers its outputs", async () => {
  const lab = new CallLab(echoes);
  const handle = await lab.start(lab.openCallEngine(), calling({ workflow: child, inputs: { name: "Ada" } }));
  const result = await lab.clock.run(handle.result);
  assert.deepEqual(result.outputs, { call: { text: "<Ada>" } });
  const [id = ""] = await lab.children(handle.execution_id);
  const summary = await lab.store.getSummary(id, 0);
  assert.equal(summary?.status, "succeeded");
  assert.deepEqual(summary?.called_by, { execution_id: handle.execution_id, node_id: "call", depth: 1 });
  const top = await lab.store.listExecutions({ top_level: true }, 0);
  assert.deepEqual(top.map(({ execution_id }) => execution_id), [handle.execution_id]);
});

Deno.test("flow.call: expressions of an inline document are its own; those of config.inputs are the caller's", async () => {
  const lab = new CallLab(echoes);
  const { outputs } = await lab.run(
    calling({ workflow: child, inputs: { name: "${{ inputs.who }}" } }),
    { inputs: { who: "Grace", other: 1 } },
  );
  assert.deepEqual(outputs, { call: { text: "<Grace>" } });
});

Deno.test("flow.call runs a saved workflow in its newest version, or the one asked for", async () => {
  const lab = new CallLab(echoes);
  for (const id of ["one", "two"]) {
    const version = { ...child, outputs: { text: id } };
    await lab.store.saveWorkflow(await parseWorkflow(version), 0);
  }
  const inputs = { name: "x" };
  assert.deepEqual((await lab.run(calling({ workflow_id: "child", inputs }))).outputs, { call: { text: "two" } });
  const first = await lab.run(calling({ workflow_id: "child", version: 1, inputs }));
  assert.deepEqual(first.outputs, { call: { text: "one" } });
  const { error } = await lab.run(calling({ workflow_id: "nobody" }));
  assert.match(error?.message ?? "", /No saved workflow has the id "nobody"/);
});

Deno.test("flow.call finds a file beside the document that calls it", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "child.json"), JSON.stringify(child));
    const lab = new CallLab(echoes);
    const options = { source: join(folder, "parent.json") };
    const { outputs } = await lab.run(calling({ file: "child.json", inputs: { name: "f" } }), options);
    assert.deepEqual(outputs, { call: { text: "<f>" } });
    await Deno.writeTextFile(join(folder, "child.json"), "{");
    const { error } = await lab.run(calling({ file: "child.json" }), options);
    assert.match(error?.message ?? "", /child\.json:1:2/);
  });
});

Deno.test("flow.call fails with the reason of the execution that it called, and says which that is", async () => {
  const lab = new CallLab({
    work: () => {
      throw new Error("No luck");
    },
  });
  const handle = await lab.start(lab.openCallEngine(), calling({ workflow: child, inputs: { name: "x" } }));
  const { error } = await lab.clock.run(handle.result);
  const [id] = await lab.children(handle.execution_id);
  assert.equal(
    error?.message,
    `Node "call" failed: Execution ${id} of the called workflow failed: Node "work" failed: No luck`,
  );
  assert.equal(error?.details?.execution_id, id);
});

Deno.test("flow.call: a retry calls anew, and each item of a map calls for itself", async () => {
  let calls = 0;
  const lab = new CallLab({
    work: ({ config }) => {
      if (calls++ === 0) throw new Error("No luck");
      return { out: (config as { note: string }).note };
    },
  });
  const map = { items: ["a", "b"], max_parallel: 1 };
  const node = { map, retry_policy: { max_attempts: 2, delay_ms: 10 } };
  const engine = lab.openCallEngine();
  const handle = await lab.start(engine, calling({ workflow: child, inputs: { name: "${{ item }}" } }, node));
  assert.deepEqual((await lab.clock.run(handle.result)).outputs, { call: { text: ["a", "b"] } });
  assert.equal((await lab.children(handle.execution_id)).length, 3);
});

Deno.test("flow.call: a cancel of the caller cancels what it called, handlers included, and waits for its end", async () => {
  const ended: string[] = [];
  const lab = new CallLab({
    work: async ({ sleep }) => {
      await sleep(60_000);
      return {};
    },
    clean: async ({ sleep }) => {
      await sleep(40_000);
      ended.push("clean");
      return {};
    },
  });
  const document = { ...child, settings: { on_exit: [{ id: "clean", node_type: "test.node" }] } };
  const handle = await lab.start(lab.openCallEngine(), calling({ workflow: document, inputs: { name: "x" } }));
  lab.clock.setTimer(1000, () => handle.cancel("Enough"));
  const result = await lab.clock.run(handle.result);
  assert.equal(result.status, "cancelled");
  assert.deepEqual(ended, ["clean"]);
  const [id = ""] = await lab.children(handle.execution_id);
  assert.equal((await lab.store.getSummary(id, 0))?.status, "cancelled");
});

Deno.test("flow.call: the caller's time limit cancels what it called", async () => {
  const lab = new CallLab({
    work: async ({ sleep }) => {
      await sleep(60_000);
      return {};
    },
  });
  const engine = lab.openCallEngine();
  const document = calling({ workflow: child, inputs: { name: "x" } }, { timeout_ms: 500 });
  const handle = await lab.start(engine, document);
  const { error } = await lab.clock.run(handle.result);
  assert.match(error?.message ?? "", /Attempt exceeded its timeout of 500 ms/);
  const [id = ""] = await lab.children(handle.execution_id);
  assert.equal((await lab.store.getSummary(id, 0))?.status, "cancelled");
});

Deno.test("flow.call: executions that call each other without end are stopped", async () => {
  const lab = new CallLab();
  await lab.store.saveWorkflow(await parseWorkflow({ ...calling({ workflow_id: "loop" }), id: "loop" }), 0);
  const { error, status } = await lab.run(calling({ workflow_id: "loop" }));
  assert.equal(status, "failed");
  assert.match(error?.message ?? "", /calls are nested 16 deep already/);
});

Deno.test("resume() goes on with what a node had called, and runs nothing of it twice", async () => {
  const slow = { ...child, nodes: [...child.nodes, { id: "rest", node_type: "test.node", depends_on: ["work"] }] };
  const lab = new CallLab({
    ...echoes,
    rest: async ({ sleep }) => {
      await sleep(1000);
      return {};
    },
  });
  const engine = lab.openCallEngine();
  const handle = await lab.start(engine, calling({ workflow: slow, inputs: { name: "x" } }));
  lab.clock.setTimer(500, () => void engine.close());
  await lab.clock.run(handle.result.then(() => assert.fail("It has ended"), () => undefined));
  assert.equal((await lab.children(handle.execution_id)).length, 1);

  const resumed = await lab.openCallEngine().resume<Values>(handle.execution_id);
  assert.deepEqual((await lab.clock.run(resumed.result)).outputs, { call: { text: "<x>" } });
  assert.equal((await lab.children(handle.execution_id)).length, 1);
  assert.deepEqual(lab.begun, ["work 1", "rest 1", "rest 2"]);
});

Deno.test("resume() takes the answer of a called execution that has ended meanwhile, or is driven elsewhere", async () => {
  for (const isDrivenElsewhere of [false, true]) {
    const lab = new CallLab({
      work: async ({ sleep }) => {
        await sleep(1000);
        return { out: "late" };
      },
    });
    const engine = lab.openCallEngine();
    const handle = await lab.start(engine, calling({ workflow: child, inputs: { name: "x" } }));
    lab.clock.setTimer(500, () => void engine.close());
    await lab.clock.run(handle.result.then(() => assert.fail("It has ended"), () => undefined));
    const [id = ""] = await lab.children(handle.execution_id);
    const other = await lab.openCallEngine().resume(id);
    if (!isDrivenElsewhere) await lab.clock.run(other.result);
    const resumed = await lab.openCallEngine().resume<Values>(handle.execution_id);
    assert.deepEqual((await lab.clock.run(resumed.result)).outputs, { call: { text: "late" } });
    assert.deepEqual(lab.begun, ["work 1", "work 2"]);
  }
});

Deno.test("flow.call tells the id of the execution while it runs", async () => {
  const lab = new CallLab(echoes);
  const handle = await lab.start(lab.openCallEngine(), calling({ workflow: child, inputs: { name: "x" } }));
  await lab.clock.run(handle.result);
  const events: ExecutionEvent[] = await Array.fromAsync(readAllEvents(lab.store, handle.execution_id));
  const told = events.find((event) => event.type === "NodeEvent");
  assert.deepEqual(told?.type === "NodeEvent" && told.event, {
    event_type: "Data",
    port: "execution_id",
    value: (await lab.children(handle.execution_id))[0],
  });
});

Deno.test("flow.call wants to know exactly one workflow, and says so before anything runs", async () => {
  const { registry } = new CallLab().openCallEngine();
  for (const [config, count] of [[{ file: "a.json", workflow_id: "b" }, "2 are"], [{}, "none is"]] as const) {
    const { issues } = await checkDocument(calling(config), { registry });
    assert.deepEqual(issues.map(({ message }) => message), [
      `Node "call" (flow.call): cannot tell which workflow to call: ${count} named`,
    ]);
  }
});

Deno.test("flow.call: a document in a config is checked with the one that holds it, each problem in its place", async () => {
  const { registry } = new CallLab().openCallEngine();
  const text = JSON.stringify(
    calling({ workflow: { nodes: [{ id: "x", node_type: "test.nod", config: {} }] } }),
    null,
    2,
  );
  const { issues } = await checkDocument(text, { registry });
  assert.deepEqual(issues.map(({ message, path }) => [message, path.join(".")]), [
    ['Node "x" has an unknown type: "test.nod"', "nodes.0.config.workflow.nodes.0.node_type"],
  ]);
  assert.equal(text.split("\n")[(issues[0]?.line ?? 0) - 1]?.trim(), '"node_type": "test.nod",');
});
