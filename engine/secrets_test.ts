import assert from "node:assert/strict";
import * as z from "zod";
import { createEngine } from "./engine.ts";
import type { EngineOptions } from "./engine_options.ts";
import { FlowError } from "./errors.ts";
import { WorkflowError } from "./issue.ts";
import { MemoryStore } from "./memory_store.ts";
import { anyPorts, defineNode } from "./node.ts";
import { parseWorkflow } from "./parse.ts";
import { environmentSecrets } from "./secret_source.ts";
import { readAllEvents } from "./store.ts";
import type { Values } from "./value.ts";
import type { Act } from "../tests/support/trace.ts";

const TOKEN = "t0k3n-of-mine";

/** Nodes that do what the test says, with any config. */
function open(acts: Record<string, Act>, options: Partial<EngineOptions> = {}) {
  const act = defineNode({
    type: "test.act",
    version: 1,
    summary: "Do what the test says",
    category: "test",
    config: { value: z.unknown().optional(), count: z.int().optional() },
    inputs: anyPorts(),
    outputs: anyPorts(),
    run: (ctx) => acts[ctx.node_id]?.(ctx) ?? { out: ctx.config.value as string },
  });
  const store = new MemoryStore();
  const secrets = environmentSecrets((name) => ({ FLOW_SECRET_TOKEN: TOKEN, FLOW_SECRET_PIN: "123" })[name]);
  return createEngine({ nodes: [act], store, secrets, ...options });
}

function node(id: string, value: unknown, more: object = {}) {
  return { id, node_type: "test.act", config: { value }, ...more };
}

/** Runs a document and answers its result, and all that is kept of it as JSON. */
async function run(engine: ReturnType<typeof open>, document: object) {
  const execution = await engine.start(await parseWorkflow({ name: "Test", ...document }));
  const result = await execution.result;
  const events = await Array.fromAsync(readAllEvents(engine.store, execution.execution_id));
  return { result, events, history: JSON.stringify(events) };
}

Deno.test("secrets: a node gets the value; what it tells and answers is masked, also for the nodes behind it", async () => {
  let seen: unknown[] = [];
  const engine = open({
    a: (ctx) => {
      const { value } = ctx.config as { value: string };
      seen.push(value);
      ctx.log(`log ${value}`);
      ctx.log(`warning ${value}`, "warning");
      ctx.progress(5, `progress ${value}`);
      ctx.data(value, [value]);
      ctx.stdout(`stdout ${value}`);
      ctx.stderr(`stderr ${value}`);
      return { out: `out ${value}`, bytes: new TextEncoder().encode(value), [value]: 1 };
    },
    b: (ctx) => {
      seen.push(ctx.inputs.in);
      return ctx.inputs;
    },
  });
  const { events, history, result } = await run(engine, {
    nodes: [node("a", "Bearer ${{ secrets.TOKEN }}"), node("b", null)],
    connections: [{ from_node: "a", from_port: "out", to_node: "b", to_port: "in" }],
  });
  assert.deepEqual(seen, [`Bearer ${TOKEN}`, "out Bearer ***"]);
  assert.ok(!history.includes(TOKEN), history);
  const told = events.flatMap((event) => event.type === "NodeEvent" ? [Object.values(event.event).slice(1)] : []);
  assert.deepEqual(told, [
    ["log Bearer ***"],
    ["warning Bearer ***"],
    [5, "progress Bearer ***"],
    ["Bearer ***", ["Bearer ***"]],
    ["stdout Bearer ***"],
    ["stderr Bearer ***"],
  ]);
  assert.deepEqual(result.outputs, { b: { in: "out Bearer ***" } });
  seen = [];
});

Deno.test("secrets: errors of nodes, of expressions and of configs are masked", async () => {
  const engine = open({
    thrown: ({ config }) => {
      throw new Error(`Refused ${String((config as { value: string }).value)}`);
    },
    details: ({ config }) => {
      const { value } = config as { value: string };
      throw new FlowError("node_failed", "No", { hint: `Not ${value}`, details: { value } });
    },
  });
  const { history, events, result } = await run(engine, {
    nodes: [
      node("thrown", "${{ secrets.TOKEN }}", { retry_policy: { max_attempts: 2, delay_ms: 0 } }),
      node("details", "${{ secrets.TOKEN }}"),
      node("expression", "${{ $error(secrets.TOKEN) }}"),
      { id: "config", node_type: "test.act", config: { count: "${{ secrets.TOKEN }}" } },
    ],
    settings: { on_error: "ContinueOnError" },
  });
  assert.ok(!history.includes(TOKEN), history);
  const messages = events.flatMap((event) => event.type === "NodeFailed" ? [event.error.message] : []);
  assert.equal(messages.length, 4);
  assert.ok(messages.includes("Refused ***"), messages.join("\n"));
  assert.ok(!JSON.stringify(result).includes(TOKEN));
});

Deno.test("secrets: all that are missing are named before anything starts, with what to do", async () => {
  const engine = open({});
  const workflow = await parseWorkflow({
    nodes: [node("a", "${{ secrets.TOKEN }}"), node("b", ["${{ secrets.NOPE }}", "${{ secrets.NONE }}"])],
  });
  await assert.rejects(engine.start(workflow), (error) => {
    assert.ok(error instanceof WorkflowError);
    assert.deepEqual(error.issues.map(({ code, message, path }) => [code, message, path.join(".")]), [
      ["missing_secret", 'Secret "NOPE" is not set, and node "b" uses it', "nodes.1.config.value.0"],
      ["missing_secret", 'Secret "NONE" is not set, and node "b" uses it', "nodes.1.config.value.1"],
    ]);
    assert.match(error.hint ?? "", /FLOW_SECRET_NOPE.*flow secrets set NOPE/);
    return true;
  });
  assert.deepEqual(await engine.store.listExecutions({}, Date.now()), []);
});

Deno.test("secrets: one that is too short to be masked, and an input that holds one, are refused", async () => {
  const engine = open({});
  const short = await parseWorkflow({ nodes: [node("a", "${{ secrets.PIN }}")] });
  await assert.rejects(engine.start(short), { code: "invalid_argument", message: /"PIN".*fewer than 4/ });
  const workflow = await parseWorkflow({ nodes: [node("a", "${{ secrets.TOKEN }}")] });
  const leak = engine.start(workflow, { inputs: { note: [`my ${TOKEN}`] } });
  await assert.rejects(leak, (error: FlowError) => error.code === "invalid_input" && !error.message.includes(TOKEN));
});

Deno.test("secrets: they are there only in configs, under names that are known before", async () => {
  const problems = async (document: object) => {
    try {
      await parseWorkflow(document);
      return [];
    } catch (error) {
      return error instanceof WorkflowError ? error.issues.map(({ code, message }) => `${code}: ${message}`) : [error];
    }
  };
  assert.match(String(await problems({ nodes: [node("a", 1, { when: "secrets.TOKEN = 1" })] })), /no "secrets" here/);
  const outputs = { outputs: { a: "${{ secrets.TOKEN }}" }, nodes: [node("a", 1)] };
  assert.match(String(await problems(outputs)), /no "secrets" here/);
  assert.match(String(await problems({ nodes: [node("a", "${{ secrets[$x] }}")] })), /dynamic_reference/);
  assert.match(String(await problems({ nodes: [node("a", "${{ secrets.KEY }}")] })), /FLOW_SECRET_KEY is the key/);
  assert.match(String(await problems({ nodes: [node("a", "${{ secrets.`a-b` }}")] })), /letters, digits and _/);
  const env = { nodes: [node("a", "${{ env.FLOW_SECRET_A }}")], settings: { env: ["FLOW_SECRET_A"] } };
  assert.match(String(await problems(env)), /is a secret, not an environment variable/);
  assert.deepEqual(await problems({ nodes: [node("a", "${{ $base64encode(secrets.TOKEN) }}")] }), []);
});

Deno.test("secrets: a cached result is found again only with the same secrets, and keeps none of them", async () => {
  let runs = 0;
  let token = TOKEN;
  const secrets = environmentSecrets(() => token);
  const store = new MemoryStore();
  const count = () => {
    const engine = open({ a: ({ config }) => ({ out: ++runs, of: String(config) + token }) }, { secrets, store });
    return run(engine, { id: "w", nodes: [node("a", "${{ secrets.TOKEN }}", { cache: { ttl_seconds: 60 } })] });
  };
  assert.equal((await count()).result.outputs.a?.out, 1);
  assert.equal((await count()).result.outputs.a?.out, 1);
  token = "another-token";
  assert.equal((await count()).result.outputs.a?.out, 2);
  const entries = await store.listCached(Date.now());
  const kept = await Promise.all(entries.map(({ key }) => store.getCached(key, Date.now())));
  assert.equal(kept.length, 2);
  assert.ok(!JSON.stringify(kept).includes("token") && !JSON.stringify(kept).includes(TOKEN));
});

Deno.test("secrets: handlers and values for ports have them too; conditions, items and until do not", async () => {
  const seen: unknown[] = [];
  const engine = open({
    a: ({ inputs }) => {
      seen.push(inputs.port);
      return { out: inputs.port ?? null };
    },
    last: ({ config }) => {
      seen.push(config);
      return { out: (config as { value: string }).value };
    },
  });
  const { history } = await run(engine, {
    nodes: [{ ...node("a", 1), inputs: { port: "${{ secrets.TOKEN }}" } }],
    settings: { on_exit: [node("last", "${{ secrets.TOKEN }} ${{ nodes.a.out }}")] },
  });
  assert.deepEqual(seen, [TOKEN, { value: `${TOKEN} ***` }]);
  assert.ok(!history.includes(TOKEN), history);
  const missing = { nodes: [node("a", 1)], settings: { on_exit: [node("last", "${{ secrets.NONE }}")] } };
  await assert.rejects(run(engine, missing), { code: "invalid_workflow", message: /"NONE".*node "last"/ });
  for (
    const part of [
      { map: { items: "${{ [secrets.TOKEN] }}" } },
      { repeat: { until: "secrets.TOKEN = 'x'", max: 2 } },
    ]
  ) {
    await assert.rejects(parseWorkflow({ nodes: [node("a", 1, part)] }), /no "secrets" here/);
  }
});

Deno.test("secrets: they are not handed to a called workflow, which would record them; it names its own", async () => {
  const document = { nodes: [node("inner", "${{ secrets.TOKEN }}")], outputs: { out: "${{ nodes.inner.out }}" } };
  const call = async (ctx: Parameters<Act>[0], request: { inputs: Values; document: unknown }) => {
    const { outputs } = await ctx.call(request);
    return outputs;
  };
  const engine = open({
    inputs: (ctx) => call(ctx, { inputs: { note: TOKEN }, document }),
    text: (ctx) => call(ctx, { inputs: {}, document: JSON.stringify({ nodes: [node("inner", TOKEN)] }) }),
    data: (ctx) => call(ctx, { inputs: {}, document: { nodes: [node("inner", TOKEN)] } }),
    own: (ctx) => call(ctx, { inputs: {}, document }),
  });
  const { events, result } = await run(engine, {
    nodes: ["inputs", "text", "data", "own"].map((id) => node(id, "${{ secrets.TOKEN }}")),
    settings: { on_error: "ContinueOnError" },
  });
  const failed = events.flatMap((event) =>
    event.type === "NodeFailed" ? [`${event.node_id}: ${event.error.code}`] : []
  );
  assert.deepEqual(failed.sort(), ["data: invalid_input", "inputs: invalid_input", "text: invalid_input"]);
  assert.deepEqual(result.outputs, { own: { out: "***" } });
  const executions = await engine.store.listExecutions({}, Date.now());
  const records = await Promise.all(executions.map(({ execution_id }) => engine.store.getRecord(execution_id)));
  assert.equal(records.length, 2);
  assert.ok(!JSON.stringify(records).includes(TOKEN));
});

Deno.test("secrets: what a node opens is recorded with marks for secrets, and closed with their values, also later", async () => {
  const closed: unknown[] = [];
  const opener = defineNode({
    type: "test.open",
    version: 1,
    summary: "Open something",
    category: "test",
    config: { url: z.string() },
    inputs: anyPorts(),
    outputs: anyPorts(),
    run(ctx) {
      ctx.resourceOpened({ url: ctx.config.url, also: [btoa(ctx.config.url)] }, { until: "execution" });
      return {};
    },
    closeResource: (resource) => {
      closed.push(resource);
      return Promise.reject(new Error(`Cannot reach ${resource.url}`));
    },
  });
  const secrets = environmentSecrets(() => TOKEN);
  const engine = createEngine({ nodes: [opener], store: new MemoryStore(), secrets });
  const config = { url: "http://me:${{ secrets.TOKEN }}@host" };
  const { history } = await run(engine, { nodes: [{ id: "a", node_type: "test.open", config }] });
  assert.ok(!history.includes(TOKEN) && !history.includes(btoa(`http://me:${TOKEN}`).slice(16, -2)), history);
  assert.deepEqual((closed[0] as { url: string }).url, `http://me:${TOKEN}@host`);
  assert.match(history, /Cannot reach http:\/\/me:\*\*\*@host/);
});

Deno.test("secrets: resume and rerun ask for them again; without them nothing goes on", async () => {
  let isThere = true;
  const secrets = environmentSecrets(() => isThere ? TOKEN : undefined);
  const store = new MemoryStore();
  let close = () => {};
  const stuck = open({
    b: async (ctx) => {
      close();
      await ctx.sleep(60_000);
      return {};
    },
  }, { secrets, store });
  const closing = new Promise<void>((resolve) => close = () => resolve(stuck.close()));
  const connections = [{ from_node: "a", from_port: "out", to_node: "b", to_port: "in" }];
  const document = { nodes: [node("a", 1), node("b", "${{ secrets.TOKEN }}")], connections };
  const execution = await stuck.start(await parseWorkflow(document));
  await closing;
  await assert.rejects(execution.result, { code: "interrupted" });

  const engine = open({}, { secrets, store });
  isThere = false;
  await assert.rejects(engine.resume(execution.execution_id), { code: "invalid_workflow" });
  isThere = true;
  const resumed = await (await engine.resume(execution.execution_id)).result;
  assert.deepEqual([resumed.status, resumed.outputs], ["succeeded", { b: { out: "***" } }]);

  isThere = false;
  const plan = await engine.planRerun(execution.execution_id, { from: "b" });
  await assert.rejects(engine.rerun(plan), { code: "invalid_workflow" });
  isThere = true;
  const again = await (await engine.rerun(plan)).result;
  assert.deepEqual(again.outputs, { b: { out: "***" } });
});
