import assert from "node:assert/strict";
import {
  builtinNodes,
  connect,
  controlIf,
  createEngine,
  debugLog,
  defineNode,
  delay,
  expression,
  flowCall,
  FlowError,
  httpRequest,
  jsonParse,
  jsonStringify,
  parseWorkflow,
  shellExec,
  workflow,
  WorkflowError,
  z,
} from "../mod.ts";
import * as mod from "../mod.ts";
import { openHttpServer } from "../tests/support/http_server.ts";

const echo = (text: string) => shellExec({ command: "printf", args: ["%s", text] });

function refused(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof FlowError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

Deno.test("workflow() runs what was connected: the shape of the README", async () => {
  const server = openHttpServer(() => new Response("hello"));
  const wf = workflow("etl");
  const a = wf.add("fetch", httpRequest({ url: server.url }));
  wf.add("log", debugLog({}), { message: a.body });
  const { status, outputs } = await wf.run();
  await server.close();
  assert.deepEqual([status, outputs], ["succeeded", { log: { message: "hello" } }]);
});

Deno.test("every built-in node type is a function of mod.ts", () => {
  const exported = Object.values(mod).flatMap((value) =>
    typeof value === "function" && "type" in value ? [value.type] : []
  );
  assert.deepEqual(exported.sort(), builtinNodes().map(({ type }) => type).sort());
});

Deno.test("toJSON() is a document: connections, inputs, options, settings, outputs, handlers", async () => {
  const wf = workflow("all", {
    name: "All of it",
    inputs: { names: { type: "array", default: ["a", "b"] } },
    settings: { max_parallel_nodes: 2, on_error: "ContinueOnError", env: ["HOME"] },
    triggers: [{ trigger_type: { type: "Manual" } }],
  });
  const list = wf.add("list", jsonStringify({ pretty: false }), { value: wf.input("names") }, {
    timeout: 1.5,
    retry: 2,
  });
  const each = wf.add("my each", echo("${{ item }}"), {}, {
    map: { items: wf.input("names"), max_parallel: 1 },
    depends_on: [list],
    cache: { ttl_seconds: 5 },
  });
  wf.add("last", debugLog(), { message: list.json, texts: each.stdout, both: [each.stdout, 1] }, {
    when: expression`$count(${each.stdout}) = ${2}`,
    retry: { max_attempts: 4, delay_ms: 10 },
    name: "Tell",
  });
  wf.onFailure("alarm", debugLog({ level: "error" }), {
    message: expression`execution.error.message`,
    list: list.json,
  });
  wf.output("texts", each.stdout).output("line", `got ${list.json}`);
  assert.deepEqual(wf.toJSON(), {
    id: "all",
    name: "All of it",
    triggers: [{ trigger_type: { type: "Manual" } }],
    inputs: { names: { type: "array", default: ["a", "b"] } },
    nodes: [
      {
        id: "list",
        node_type: "transform.json_stringify",
        config: { pretty: false },
        inputs: { value: "${{ inputs.names }}" },
        retry_policy: { max_attempts: 3 },
        timeout_ms: 1500,
      },
      {
        id: "my each",
        node_type: "shell.exec",
        config: { command: "printf", args: ["%s", "${{ item }}"] },
        map: { items: "${{ inputs.names }}", max_parallel: 1 },
        cache: { ttl_seconds: 5 },
        depends_on: ["list"],
      },
      {
        id: "last",
        node_type: "debug.log",
        inputs: { both: ["${{ nodes.`my each`.stdout }}", 1] },
        when: "${{ $count(nodes.`my each`.stdout) = 2 }}",
        name: "Tell",
        retry_policy: { max_attempts: 4, delay_ms: 10 },
      },
    ],
    connections: [
      { from_node: "list", from_port: "json", to_node: "last", to_port: "message" },
      { from_node: "my each", from_port: "stdout", to_node: "last", to_port: "texts" },
    ],
    outputs: { texts: "${{ nodes.`my each`.stdout }}", line: "got ${{ nodes.list.json }}" },
    settings: {
      max_parallel_nodes: 2,
      on_error: "ContinueOnError",
      env: ["HOME"],
      on_failure: [{
        id: "alarm",
        node_type: "debug.log",
        config: { level: "error" },
        inputs: { message: "${{ execution.error.message }}", list: "${{ nodes.list.json }}" },
      }],
    },
  });
  const { status, outputs, error } = await wf.run();
  assert.deepEqual([status, outputs], ["succeeded", { texts: ["a", "b"], line: 'got ["a","b"]' }], `${error?.message}`);
  assert.equal((await parseWorkflow(JSON.stringify(wf))).name, "All of it");
  assert.equal((await parseWorkflow(wf)).name, "All of it");
});

Deno.test("values go as they are: bytes, what looks like tags, expressions in texts, parts of values", async () => {
  const wf = workflow("values", { inputs: { who: { type: "string" } } });
  const bytes = new Uint8Array([0, 255]);
  const parsed = wf.add("parsed", jsonParse(), { json: '{"list": [{"a b": 7}]}' });
  wf.add("log", debugLog(), {
    bytes,
    tagged: { type: "String", value: "x" },
    text: `Hello ${wf.input("who")}`,
    literal: "$${{ nothing }}",
    sum: expression`${parsed.parsed}.list[0].\`a b\` + ${1}`,
    item: parsed.parsed.as<{ list: { "a b": number }[] }>().get("list").get(0).get("a b"),
    missing: undefined,
  });
  wf.add("end", delay({ delay_ms: 0 }), { bytes, tagged: { type: "String", value: "x" } });
  const logged: string[] = [];
  const execution = await wf.start({ inputs: { who: "Ada" } });
  for await (const event of execution.events()) {
    if (event.type === "NodeEvent" && event.event.event_type === "Info") logged.push(event.event.message ?? "");
  }
  assert.deepEqual(logged.sort(), [
    "bytes: <2 bytes>",
    "item: 7",
    "literal: ${{ nothing }}",
    "sum: 8",
    'tagged: {"type":"String","value":"x"}',
    "text: Hello Ada",
    "who: Ada",
  ]);
  assert.deepEqual((await execution.result).outputs["end"], {
    bytes,
    tagged: { type: "String", value: "x" },
    who: "Ada",
  });
});

Deno.test("ports that are called like members of a handle, or like what makes a promise, are reached", async () => {
  const odd = defineNode({
    type: "test.odd",
    version: 1,
    summary: "Odd ports",
    category: "test",
    config: {},
    inputs: {},
    outputs: { node_id: z.string(), port: z.string(), constructor: z.string(), plain: z.string() },
    run: () => ({ node_id: "1", port: "2", constructor: "3", plain: "4" }),
  });
  const wf = workflow("odd");
  const node = wf.add("odd", odd());
  assert.equal(node.node_id, "odd");
  const ports = { a: node.port("node_id"), b: node.port("port"), c: node.constructor, d: node.plain };
  wf.add("end", delay({ delay_ms: 0 }), ports);
  assert.deepEqual((await wf.run()).outputs, { end: { a: "1", b: "2", c: "3", d: "4" } });

  const choice = workflow("choice");
  const way = await Promise.resolve(choice.add("way", controlIf({ condition: false }), { value: "x" }));
  choice.add("yes", delay({ delay_ms: 0 }), { value: way.then });
  choice.add("no", delay({ delay_ms: 0 }), { value: way.else });
  assert.deepEqual((await choice.run()).outputs, { no: { value: "x" } });
});

Deno.test("a workflow calls another one, which brings its node types along", async () => {
  const inner = workflow("inner", { inputs: { n: { type: "number" } } });
  const twice = defineNode({
    type: "test.twice",
    version: 1,
    summary: "Twice",
    category: "test",
    config: {},
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ inputs }) => ({ n: inputs.n * 2 }),
  });
  inner.output("n", inner.add("twice", twice(), { n: inner.input("n") }).n);
  const wf = workflow("outer");
  const called = wf.add("call", flowCall({ workflow: inner, inputs: { n: 21 } }));
  wf.output("answer", called.port("n"));
  assert.deepEqual(wf.nodeTypes, [twice]);
  assert.deepEqual((await wf.run()).outputs, { answer: 42 });
});

Deno.test("connect() connects nodes that have been added, also backwards", async () => {
  const wf = workflow("late");
  const log = wf.add("log", debugLog());
  wf.connect(wf.add("text", echo("hi")).stdout, log, "message");
  assert.deepEqual((await wf.run()).outputs, { log: { message: "hi" } });
});

Deno.test("what cannot be a document is refused where it is written", () => {
  const wf = workflow("refused");
  wf.add("a", debugLog());
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const add = (node: unknown, inputs?: unknown, options?: unknown) => () =>
    wf.add("b", node as ReturnType<typeof debugLog>, inputs as Record<never, never>, options as Record<never, never>);
  assert.throws(() => wf.add("a", debugLog()), refused("conflict", /Cannot add node "a": there is one with that id/));
  assert.throws(
    add(debugLog(), { x: () => 1 }),
    refused("invalid_argument", /inputs of node "b"\.x: a function is no/),
  );
  assert.throws(
    add(debugLog(), { x: [new Date()] }),
    refused("invalid_argument", /inputs of node "b"\.x\[0\]: .*Date/),
  );
  assert.throws(add(debugLog(), { x: circle }), refused("invalid_argument", /deeper than 100 levels/));
  assert.throws(add("debug.log"), refused("invalid_argument", /Cannot add node "b": "debug.log" is no node/));
  assert.throws(add(undefined), refused("invalid_argument", /is no node/));
  assert.throws(add(debugLog(), {}, { retry: -1 }), refused("invalid_argument", /Cannot use -1 as retry/));
  assert.throws(add(debugLog(), {}, { timeout: 0 }), refused("invalid_argument", /Cannot use 0 as timeout/));
  assert.throws(() => expression`${wf.add("`", debugLog()).message}`, refused("invalid_argument", /backtick/));
  assert.doesNotThrow(add(debugLog()), "a refused node has left nothing behind");
});

Deno.test("what is wrong as a whole is said before anything runs, all at once", async () => {
  const wf = workflow("wrong");
  wf.add("a", debugLog(), { message: "${{ nodes.elsewhere.stdout }}" });
  wf.add("b", debugLog(), {}, { depends_on: ["c"] });
  await assert.rejects(wf.run(), (error: unknown) => {
    assert.ok(error instanceof WorkflowError);
    assert.deepEqual(error.issues.map(({ code }) => code).sort(), ["unknown_node", "unknown_node"]);
    return true;
  });
});

Deno.test("run() answers a failure as a result", async () => {
  const wf = workflow("failing");
  wf.add("a", shellExec({ command: "false" }));
  const { status, error } = await wf.run();
  assert.equal(status, "failed");
  assert.match(error?.message ?? "", /Node "a" failed/);
});

Deno.test("run() uses an engine of yours, and makes its node types known there", async () => {
  const define = () =>
    defineNode({
      type: "test.one",
      version: 1,
      summary: "One",
      category: "test",
      config: {},
      inputs: {},
      outputs: { one: z.number() },
      run: () => ({ one: 1 }),
    });
  const one = define();
  const engine = createEngine();
  const wf = workflow("mine");
  wf.add("a", one());
  for (const _ of "ab") assert.equal((await wf.run({ engine })).status, "succeeded");
  assert.equal(engine.registry.get("test.one"), one);
  const rival = workflow("rival");
  rival.add("a", define()());
  await assert.rejects(rival.run({ engine }), refused("conflict", /knows other code/));
  assert.throws(() => wf.add("b", define()()), refused("conflict", /"test.one" is other code/));
  const both = { engine, store: engine.store };
  await assert.rejects(wf.run(both), refused("invalid_argument", /both an engine and a store/));
  assert.equal((await engine.store.listExecutions({}, Date.now())).length, 2);
  await engine.close();
});

Deno.test("start() can be followed, cancelled, and looked at afterwards", async () => {
  const wf = workflow("slow");
  wf.add("a", delay({ delay_ms: 60_000 }));
  const execution = await wf.start();
  for await (const event of execution.events()) if (event.type === "NodeStarted") break;
  execution.cancel("Enough");
  assert.equal((await execution.result).status, "cancelled");
  const types: string[] = [];
  for await (const { type } of execution.events()) types.push(type);
  assert.deepEqual([types[0], types.at(-1)], ["WorkflowStarted", "WorkflowCompleted"]);
});

Deno.test("run() on a server that is not there says so", async () => {
  const wf = workflow("remote");
  wf.add("a", debugLog());
  await assert.rejects(wf.run({ client: connect("http://127.0.0.1:1") }), refused("unavailable", /127\.0\.0\.1:1/));
});
