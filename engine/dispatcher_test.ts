import assert from "node:assert/strict";
import * as z from "zod";
import { FakeClock } from "../tests/support/fake_clock.ts";
import { ABANDON_AFTER_MS, createLocalDispatcher } from "./attempt.ts";
import type { AttemptOutcome } from "./dispatcher.ts";
import { FlowError } from "./errors.ts";
import type { NodeEventBody } from "./events.ts";
import {
  anyPorts,
  defineNode,
  type NodeContext,
  type NodeDefinition,
  type ProcessIdentity,
  type ResourceScope,
} from "./node.ts";
import type { Value, Values } from "./value.ts";
import type { NodeSpec } from "./workflow.ts";

type Run = (ctx: NodeContext) => unknown;

/** A node as plain JavaScript may define it: nothing holds it to its types. */
function loose(run: Run, ports: Partial<Pick<NodeDefinition, "inputs" | "outputs">> = {}): NodeDefinition {
  return defineNode({
    type: "test.loose",
    version: 1,
    summary: "Do anything",
    category: "test",
    config: {},
    inputs: ports.inputs ?? anyPorts(),
    outputs: ports.outputs ?? anyPorts(),
    run: run as (ctx: unknown) => Values,
  });
}

interface Attempt {
  outcome: AttemptOutcome;
  events: NodeEventBody[];
  processes: ProcessIdentity[];
  resources: [resource: Values, until: ResourceScope][];
  clock: FakeClock;
  tookMs: number;
}

interface Circumstances {
  inputs?: Values;
  spec?: Partial<NodeSpec>;
  /** When the execution gives up on the attempt; 0: before it starts. */
  abortAtMs?: number;
  /** The same in microtasks after its start. */
  abortAfterHops?: number;
}

async function afterHops(count: number): Promise<void> {
  for (let hop = 0; hop < count; hop++) await undefined;
}

async function attempt(definition: NodeDefinition, circumstances: Circumstances = {}): Promise<Attempt> {
  const { inputs = {}, spec = {}, abortAtMs, abortAfterHops } = circumstances;
  const clock = new FakeClock();
  const startedAt = clock.now();
  const controller = new AbortController();
  const abort = () => controller.abort(new FlowError("cancelled", "Enough"));
  if (abortAtMs === 0) abort();
  else if (abortAtMs !== undefined) clock.setTimer(abortAtMs, abort);
  if (abortAfterHops !== undefined) void afterHops(abortAfterHops).then(abort);
  const events: NodeEventBody[] = [];
  const processes: ProcessIdentity[] = [];
  const resources: Attempt["resources"] = [];
  const memory = new Map<string, unknown>();
  const outcome = await clock.run(
    createLocalDispatcher(clock).dispatch({
      execution_id: "e",
      node: {
        spec: { id: "a", node_type: definition.type, config: {}, ...spec },
        definition,
        config: {},
        required: [],
      },
      index: undefined,
      attempt: 1,
      inputs,
      verbose: false,
      memory: () => memory,
      signal: controller.signal,
      emit: (event) => events.push(event),
      processStarted: (process) => processes.push(process),
      source: undefined,
      call: () => Promise.reject(new Error("Not here")),
      resourceOpened: (resource, until) => resources.push([resource, until]),
    }),
  );
  return { outcome, events, processes, resources, clock, tookMs: clock.now() - startedAt };
}

function errorOf({ outcome }: Attempt): FlowError {
  assert.ok("error" in outcome, "the attempt has failed");
  return outcome.error;
}

/** As a package throws it that has brought its own `flowengine`. */
function errorOfAnotherCopy(): Error {
  return Object.assign(new Error("Exit code 4"), { name: "FlowError", code: "exit_code", retryable: true });
}

function circularError(): Error {
  const error = new Error("round");
  error.cause = error;
  return error;
}

function outputsOf({ outcome }: Attempt): Values {
  assert.ok("outputs" in outcome, "the attempt has succeeded");
  return outcome.outputs;
}

Deno.test("dispatch() makes an outcome of whatever a node throws", async () => {
  const own = new FlowError("exit_code", "Exit code 3", { details: { exit_code: 3 } });
  const cases: [thrown: unknown, code: string, message: RegExp][] = [
    [own, "exit_code", /^Exit code 3$/],
    [new TypeError("x is not a function"), "node_failed", /^x is not a function$/],
    ["just text", "node_failed", /^just text$/],
    [undefined, "node_failed", /^undefined$/],
    [null, "node_failed", /^null$/],
    [new RangeError(), "node_failed", /^RangeError$/],
    [new TypeError("fetch failed", { cause: new Error("refused") }), "node_failed", /^fetch failed: refused$/],
    [new TypeError("Cannot, as it is late", { cause: "it is late" }), "node_failed", /^Cannot, as it is late$/],
    [errorOfAnotherCopy(), "exit_code", /^Exit code 4$/],
    [circularError(), "node_failed", /^round$/],
    [new AggregateError([new Error("one"), new Error("two"), 3]), "node_failed", /^one; two$/],
    [new AggregateError([], "many"), "node_failed", /^many$/],
    [new AggregateError([]), "node_failed", /^AggregateError$/],
    ["x".repeat(50_000), "node_failed", /^x{10000}\.\.\. \(50000 characters\)$/],
    [{ code: 7, message: "from another realm" }, "node_failed", /^from another realm$/],
    [{ code: 7 }, "node_failed", /^Threw an object$/],
    [Object.create(null), "node_failed", /^Threw an object$/],
    [new FlowError("cancelled", "I give up"), "node_failed", /^I give up$/],
    [new FlowError("interrupted", "Power cut"), "node_failed", /^Power cut$/],
  ];
  for (const [thrown, code, message] of cases) {
    const atOnce = loose(() => {
      throw thrown;
    });
    const later = loose(({ sleep }) => sleep(10).then(() => Promise.reject(thrown)));
    for (const definition of [atOnce, later]) {
      const error = errorOf(await attempt(definition));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.equal(error.retryable, true);
    }
  }
});

Deno.test("dispatch() takes no answer for no outputs, and an undefined output for none", async () => {
  assert.deepEqual(outputsOf(await attempt(loose(() => undefined))), {});
  assert.deepEqual(outputsOf(await attempt(loose(() => Promise.resolve()))), {});
  assert.deepEqual(outputsOf(await attempt(loose(() => ({ a: undefined, b: null })))), { b: null });
});

Deno.test("dispatch() awaits also what is not a Promise but can be awaited", async () => {
  const thenable = { then: (resolve: (outputs: Values) => void) => resolve({ out: 1 }) };
  assert.deepEqual(outputsOf(await attempt(loose(() => thenable))), { out: 1 });
});

Deno.test("dispatch() refuses answers that are no outputs, naming port and place", async () => {
  const closed = { outputs: { known: z.unknown(), other: z.unknown() }, inputs: {} };
  const node = (answer: unknown) =>
    defineNode({
      type: "test.closed",
      version: 1,
      summary: "Answer",
      category: "test",
      config: {},
      ...closed,
      run: () => answer as Values,
    });
  assert.deepEqual(outputsOf(await attempt(node({ known: 1 }))), { known: 1 }, "a declared port may be left out");
  const cases: [answer: unknown, message: RegExp][] = [
    [{ unknown: 1 }, /^Node type "test\.closed" answered an undeclared output "unknown"$/],
    [{ __proto__: null, toString: 1 }, /undeclared output "toString"/],
    [[1], /expected an object of outputs/],
    ["text", /expected an object of outputs/],
    [null, /expected an object of outputs/],
    [{ known: { when: new Date(0) } }, /"known".*when is an instance of Date/],
    [{ known: [1, () => {}] }, /"known".*\[1\] is a function/],
    [{ known: Number.NaN }, /"known".*NaN/],
  ];
  for (const [answer, message] of cases) {
    const error = errorOf(await attempt(node(answer)));
    assert.equal(error.code, "invalid_output");
    assert.match(error.message, message);
    assert.equal(error.retryable, false);
  }
});

Deno.test("dispatch() does not run a node whose inputs are missing or of the wrong type", async () => {
  let runs = 0;
  const node = defineNode({
    type: "test.typed",
    version: 1,
    summary: "Add",
    category: "test",
    config: {},
    inputs: { left: z.number(), right: z.number().default(1) },
    outputs: { sum: z.number() },
    run: ({ inputs }) => (runs++, { sum: inputs.left + inputs.right }),
  });
  assert.deepEqual(outputsOf(await attempt(node, { inputs: { left: 1 } })), { sum: 2 });
  const missing = errorOf(await attempt(node, { inputs: { right: 2 } }));
  assert.deepEqual([missing.code, missing.message], ["invalid_input", 'Input "left" of node "a": no value']);
  const wrong = errorOf(await attempt(node, { inputs: { left: "1" } }));
  assert.equal(wrong.code, "invalid_input");
  assert.match(wrong.message, /^Input "left" of node "a": .*number/);
  assert.equal(wrong.retryable, false);
  assert.equal(runs, 1);
});

Deno.test("dispatch() gives a node the ports that it declares, and any other only if it is open for them", async () => {
  const seen: unknown[] = [];
  const run: Run = ({ inputs }) => void seen.push(inputs);
  const inputs = { known: 1, other: 2 };
  await attempt(loose(run, { inputs: { shape: { known: z.number() }, open: false } }), { inputs });
  await attempt(loose(run, { inputs: anyPorts({ known: z.number() }) }), { inputs });
  assert.deepEqual(seen, [{ known: 1 }, inputs]);
});

Deno.test("dispatch() does not run a node that is aborted before it starts", async () => {
  let runs = 0;
  const error = errorOf(await attempt(loose(() => void runs++), { abortAtMs: 0 }));
  assert.deepEqual([error.code, error.message, runs], ["cancelled", "Enough", 0]);
});

Deno.test("dispatch() reports the reason of the abort, not what the node made of it", async () => {
  const grumpy = loose(({ sleep }) => sleep(1000).catch(() => Promise.reject(new Error("How dare you"))));
  const cancelled = await attempt(grumpy, { abortAtMs: 100 });
  assert.deepEqual([errorOf(cancelled).code, errorOf(cancelled).message], ["cancelled", "Enough"]);
  const late = await attempt(grumpy, { spec: { timeout_ms: 100 } });
  assert.deepEqual([errorOf(late).code, late.tookMs], ["timeout", 100]);
});

Deno.test("dispatch() waits for an aborted node, but not for ever, and leaves no timer behind", async () => {
  const lingering = loose(async ({ signal, sleep }) => {
    await sleep(1000).catch(() => {});
    for (let i = 0; i < 50; i++) await undefined;
    throw signal.reason;
  });
  const brief = await attempt(lingering, { abortAtMs: 100 });
  assert.deepEqual([brief.tookMs, brief.clock.pending, brief.events], [100, 0, []]);
  // The other is a promise of another library.
  for (const never of [new Promise(() => {}), { then: () => {} }]) {
    const deaf = await attempt(loose(() => never), { abortAtMs: 100 });
    assert.equal(deaf.tookMs, 100 + ABANDON_AFTER_MS);
    assert.equal(errorOf(deaf).code, "cancelled");
    assert.deepEqual([deaf.events.map((event) => event.event_type), deaf.clock.pending], [["Warning"], 0]);
  }
});

Deno.test("dispatch(): an abort in the moment in which the node ends leaves no timer behind", async () => {
  for (let abortAfterHops = 1; abortAfterHops < 20; abortAfterHops++) {
    const { clock } = await attempt(loose(() => Promise.resolve({})), { abortAfterHops });
    assert.equal(clock.pending, 0, `after ${abortAfterHops}`);
  }
});

Deno.test("dispatch(): of a node that goes on after its end nothing is heard", async () => {
  let context: NodeContext | undefined;
  const { events, processes, resources } = await attempt(loose((ctx) => {
    context = ctx;
    ctx.log("in time");
  }));
  context?.log("late");
  context?.progress(50);
  context?.data("out", 1);
  context?.stdout("late");
  context?.stderr("late");
  context?.processStarted({ pid: 1, started: "1" });
  context?.resourceOpened({ id: 1 }, { until: "execution" });
  assert.deepEqual([events, processes, resources], [[{ event_type: "Info", message: "in time" }], [], []]);
});

Deno.test("dispatch(): what a node says gets into the journal in a form that fits, whatever it passes", async () => {
  const { events } = await attempt(loose(({ log, progress, stdout, data }) => {
    for (const percent of [-1, 42.5, 101, Infinity, Number.NaN, "7", undefined]) progress(percent as number);
    progress(5, "almost");
    log(7 as unknown as string);
    log("careful", "warning");
    stdout(undefined as unknown as string);
    data("out", { known: 1, unknown: undefined } as unknown as Value);
    data("out", undefined as unknown as Value);
  }));
  const percents = events.flatMap((event) => event.event_type === "Progress" ? [event.percent] : []);
  assert.deepEqual(percents, [0, 42.5, 100, 100, 0, 7, 0, 5]);
  assert.deepEqual(events.slice(7), [
    { event_type: "Progress", percent: 5, message: "almost" },
    { event_type: "Info", message: "7" },
    { event_type: "Warning", message: "careful" },
    { event_type: "StdoutLine", line: "undefined" },
    { event_type: "Data", port: "out", value: { known: 1 } },
    { event_type: "Data", port: "out", value: null },
  ]);
});

Deno.test("dispatch(): data that is no value fails the node, and the error names its port", async () => {
  const error = errorOf(await attempt(loose(({ data }) => data("rows", new Map() as unknown as Value))));
  assert.equal(error.code, "invalid_output");
  assert.match(error.message, /^Output "rows" cannot leave the node: it is an instance of Map$/);
});

Deno.test("dispatch(): values that a node has streamed do not change with the node's own", async () => {
  const rows = [1];
  const { events } = await attempt(loose(({ data }) => {
    data("rows", rows);
    rows.push(2);
  }));
  assert.deepEqual(events, [{ event_type: "Data", port: "rows", value: [1] }]);
});

Deno.test("dispatch() hands out an id that belongs to this attempt alone, and memory that others share", async () => {
  const seen: string[] = [];
  const node = loose(({ attempt_id, state }) => {
    state.set("count", Number(state.get("count") ?? 0) + 1);
    seen.push(attempt_id);
    return { count: state.get("count") };
  });
  assert.deepEqual(outputsOf(await attempt(node)), { count: 1 });
  await attempt(node);
  await attempt(node, { spec: { id: "b" } });
  assert.equal(seen[0], seen[1], "the same however often it is looked at");
  assert.notEqual(seen[0], seen[2]);
});
