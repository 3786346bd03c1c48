import {
  anyPorts,
  controlIf,
  debugLog,
  defineNode,
  delay,
  expression,
  flowCall,
  httpRequest,
  jsonStringify,
  type OutputPort,
  shellExec,
  task,
  workflow,
  z,
} from "../mod.ts";

/** What the compiler says about it is the test; nothing of it runs. */
export function checkedByTheCompiler(): unknown[] {
  return [configs, ports, outputs, inputsOfWorkflows, tasks, options, ownNodes, handlers];
}

const counter = defineNode({
  type: "test.counter",
  version: 1,
  summary: "Count",
  category: "test",
  config: {
    step: z.int().default(1),
    mode: z.enum(["up", "down"]),
    nested: z.object({ deep: z.boolean() }).optional(),
  },
  inputs: { from: z.number(), label: z.string().optional() },
  outputs: { count: z.number(), node_id: z.string(), then: z.string() },
  run: ({ config, inputs }) => ({ count: inputs.from + config.step }),
});

function configs() {
  const wf = workflow("configs", { inputs: { url: { type: "string" }, seconds: { type: "integer", default: 3 } } });
  wf.add("a", httpRequest({ url: wf.input("url"), timeout: wf.input("seconds"), headers: { a: wf.input("url") } }));
  wf.add("b", httpRequest({ url: "https://x/${{ inputs.id }}", timeout: "${{ inputs.t }}", method: "GET" }));
  wf.add("c", shellExec({ command: "echo", args: ["a", wf.input("url")] }));
  wf.add("d", debugLog());
  // @ts-expect-error no such key
  httpRequest({ url: "x", tiemout: 3 });
  // @ts-expect-error a text that is no expression
  httpRequest({ url: "x", timeout: "3" });
  // @ts-expect-error an input of another type
  httpRequest({ url: wf.input("seconds") });
  // @ts-expect-error the command is missing
  shellExec();
  // @ts-expect-error the command is missing
  shellExec({ args: [] });
  // @ts-expect-error not one of them
  debugLog({ level: "loud" });
  // @ts-expect-error no such key within
  counter({ mode: "up", nested: { deep: true, deeper: 1 } });
  // @ts-expect-error another type within
  counter({ mode: "up", nested: { deep: 1 } });
  counter({ mode: expression<"up" | "down">`inputs.mode`, nested: { deep: "${{ inputs.deep }}" } });
  flowCall({ workflow: wf, inputs: { url: "x" } });
  flowCall({ workflow: { nodes: [] } });
}

function ports() {
  const wf = workflow("ports");
  const page = wf.add("page", httpRequest({ url: "x" }));
  const text = wf.add("text", jsonStringify(), { value: page.body });
  wf.add("log", debugLog({}), { message: page.body, any: text.json, other: page.status, more: [1, { a: text.json }] });
  const one = wf.add("one", counter({ mode: "up" }), { from: page.status });
  wf.add("two", counter({ mode: "up" }), { from: page.body, label: text.json });
  wf.add("three", counter({ mode: "up" }), { from: 3 });
  wf.connect(text.json, one, "label");
  wf.connect(page.body, one, "label");
  // @ts-expect-error no such output
  wf.add("x", debugLog({}), { message: page.boddy });
  // @ts-expect-error a node is no value; its ports are
  wf.add("x", debugLog({}), { message: page });
  // @ts-expect-error a function is no value
  wf.add("x", debugLog({}), { message: () => 1 });
  // @ts-expect-error a promise is no value
  wf.add("x", debugLog({}), { message: Promise.resolve(1) });
  // @ts-expect-error a text is no number
  wf.add("x", counter({ mode: "up" }), { from: text.json });
  // @ts-expect-error a text is no number
  wf.add("x", counter({ mode: "up" }), { from: "3" });
  // @ts-expect-error no such input
  wf.add("x", counter({ mode: "up" }), { from: 1, form: 2 });
  // @ts-expect-error the input "from" is missing
  wf.add("x", counter({ mode: "up" }), {});
  // @ts-expect-error the inputs are missing
  wf.add("x", counter({ mode: "up" }));
  // @ts-expect-error a number is no text
  wf.connect(page.status, one, "label");
  // @ts-expect-error no such input
  wf.connect(page.status, one, "from_where");
  wf.add("as", counter({ mode: "up" }), { from: text.json.as<number>() });
  wf.add("part", counter({ mode: "up" }), { from: page.headers.get("length").as<number>() });
}

function outputs(): OutputPort<number> {
  const wf = workflow("outputs");
  const one = wf.add("one", counter({ mode: "up" }), { from: 3 });
  const id: string = one.node_id;
  const hidden: OutputPort<string> = one.port("node_id");
  const then: OutputPort<string> = one.then;
  const passed = wf.add("wait", delay(), { text: id, hidden, then });
  const whatever: OutputPort<string> = passed.port("text");
  const way = wf.add("way", controlIf({ condition: true }), { value: whatever });
  wf.add("else", debugLog(), { message: way.else });
  // @ts-expect-error no such port
  one.port("nothing");
  // @ts-expect-error a number
  const wrong: OutputPort<string> = one.count;
  const all = wf.add("all", counter({ mode: "up" }), { from: "${{ item }}" }, { map: { items: [1, 2] } });
  const counts: OutputPort<number[]> = all.count;
  const some = wf.add("some", counter({ mode: "up" }), { from: "${{ item }}" }, {
    map: { items: counts, on_error: "continue" },
  });
  const gaps: OutputPort<(number | null)[]> = some.count;
  // @ts-expect-error a list of numbers
  wf.add("x", counter({ mode: "up" }), { from: all.count });
  return [wrong, gaps].length > 0 ? one.count : one.count;
}

async function inputsOfWorkflows() {
  const wf = workflow("inputs", {
    inputs: {
      city: { type: "string" },
      days: { type: "integer", default: 1 },
      unit: { enum: ["c", "f"], required: false },
    },
  });
  await wf.run({ inputs: { city: "Paris" } });
  await wf.run({ inputs: { city: "Paris", days: 2, unit: "c" } });
  // @ts-expect-error the city is missing
  await wf.run();
  // @ts-expect-error the city is missing
  await wf.run({ inputs: { days: 2 } });
  // @ts-expect-error a number is no text
  await wf.run({ inputs: { city: 3 } });
  // @ts-expect-error not one of them
  await wf.run({ inputs: { city: "Paris", unit: "k" } });
  // @ts-expect-error no such input
  await wf.run({ inputs: { city: "Paris", town: "x" } });
  // @ts-expect-error not declared
  wf.input("town");
  const late = wf.input("late", { type: "number", default: 3 });
  wf.add("count", counter({ mode: "up" }), { from: late });
  // @ts-expect-error a number is no text
  wf.add("x", counter({ mode: "up" }), { from: 1, label: late });
  await workflow("free").run();
  await workflow("free").run({ inputs: { anything: 1 } });
  const handle = await workflow("free").start();
  handle.cancel();
}

function tasks() {
  const load = task(async function load({ url, limit = 3 }: { url: string; limit?: number }) {
    return await Promise.resolve({ rows: [url], limit });
  });
  const count = task(({ rows }: { rows: string[] }) => rows.length, { name: "count", retry: 3, timeout: 30 });
  const nothing = task(function nothing() {});
  const context = task(function context(_: { a: number }, { signal, log }) {
    log("hello");
    return signal.aborted;
  });
  // @ts-expect-error only where it is added the compiler knows that there will be lists
  task(() => 1, { name: "one", map: { items: [1, 2] } });
  const wf = workflow("tasks");
  const loaded = wf.add("load", load, { url: "x" });
  wf.add("count", count, { rows: loaded.result.get("rows") });
  wf.add("nothing", nothing);
  wf.add("computed", count, { rows: expression`[1]` });
  // @ts-expect-error a number is no list
  wf.add("x", count, { rows: expression<number>`1` });
  const aborted: OutputPort<boolean> = wf.add("context", context, { a: loaded.result.get("limit") }).result;
  // @ts-expect-error the url is missing
  wf.add("x", load, {});
  // @ts-expect-error no such parameter
  wf.add("x", load, { url: "x", limits: 3 });
  // @ts-expect-error an object is no list
  wf.add("x", count, { rows: loaded.result });
  // @ts-expect-error a boolean is no list
  wf.add("x", count, { rows: aborted });
  // @ts-expect-error no such property
  loaded.result.get("row");
}

function options() {
  const wf = workflow("options", { settings: { max_parallel_nodes: 2, on_error: "ContinueOnError" } });
  const a = wf.add("a", delay({ delay_ms: 1 }), {}, { retry: { max_attempts: 2, jitter: 0.5 }, timeout: 3 });
  wf.add("b", delay(), {}, { depends_on: [a, "c"], run_if: "always", when: expression`inputs.x > 1` });
  wf.add("c", delay(), {}, { cache: { ttl_seconds: 3 }, repeat: { until: "outputs.x", max: 3 }, on_interrupt: "fail" });
  // @ts-expect-error no such option
  wf.add("x", delay(), {}, { retries: 3 });
  // @ts-expect-error no such condition
  wf.add("x", delay(), {}, { run_if: "sometimes" });
  // @ts-expect-error a number is no list
  wf.add("x", delay(), {}, { map: { items: expression<number>`1` } });
  // @ts-expect-error no such setting
  workflow("x", { settings: { max_parallel: 2 } });
}

function ownNodes() {
  const open = defineNode({
    type: "test.open",
    version: 1,
    summary: "Open",
    category: "test",
    config: {},
    inputs: anyPorts({ must: z.string() }),
    outputs: anyPorts({ sum: z.number() }),
    run: () => ({ sum: 1, other: 2 }),
  });
  const wf = workflow("own");
  const added = wf.add("a", open(), { must: "x", more: 3 });
  const sum: OutputPort<number> = added.sum;
  wf.add("b", open({}), { must: added.port("other") });
  // @ts-expect-error a required port is missing
  wf.add("x", open(), { more: 3 });
  // @ts-expect-error no config
  open({ a: 1 });
  // @ts-expect-error a number is no text
  wf.add("x", open(), { must: sum });
}

function handlers() {
  const wf = workflow("handlers");
  const a = wf.add("a", httpRequest({ url: "x" }));
  const told = wf.onFailure("tell", debugLog({ level: "error" }), { message: expression`execution.error.message` });
  wf.onExit("end", debugLog(), { message: told.message, status: a.status }, { retry: 1 });
  // @ts-expect-error the value is missing
  wf.onSuccess("x", jsonStringify());
  wf.output("status", a.status).output("text", `It was ${a.status}`);
}
