import assert from "node:assert/strict";
import { breaks, Lab, sleeps } from "../tests/support/lab.ts";
import { type Act, fails, sketch, takes, trace } from "../tests/support/trace.ts";
import { sleep } from "./clock.ts";
import type { HandlerName } from "./events.ts";
import { WorkflowError } from "./issue.ts";
import { createEngine } from "./engine.ts";
import { parseWorkflow } from "./parse.ts";
import type { NodeSpec, WorkflowSettings } from "./workflow.ts";

const node = (id: string, more: Partial<NodeSpec> = {}): NodeSpec => {
  return { id, node_type: "test.plain", config: {}, ...more };
};

const handled: Partial<WorkflowSettings> = {
  on_success: [node("cheer")],
  on_failure: [node("warn"), node("page")],
  on_exit: [node("clean", { config: { value: "${{ execution.status }} ${{ nodes.a.status }} ${{ nodes.a.out }}" } })],
};

/** What the nodes of handlers were given as `config.value`. */
function listens(seen: unknown[]): Act {
  return ({ config }) => {
    seen.push((config as { value?: unknown }).value);
    return {};
  };
}

Deno.test("handlers run when all else has ended: those for the result, one after the other, then on_exit", async () => {
  const seen: unknown[] = [];
  const { lines } = await trace(sketch("a > b", { settings: handled }), { clean: listens(seen) });
  assert.deepEqual(lines.slice(5), [
    "WorkflowFinishing succeeded",
    "NodeStarted cheer",
    "NodeCompleted cheer",
    "NodeStarted clean",
    "NodeCompleted clean",
    "WorkflowCompleted succeeded",
  ]);
  assert.deepEqual(seen, ["succeeded succeeded a"]);
});

Deno.test("handlers for failure see the error, and those that come after one that fails run all the same", async () => {
  const seen: unknown[] = [];
  const config = { value: "${{ execution.error.message }}" };
  const settings = { ...handled, on_failure: [node("warn"), node("page", { config })] };
  const acts = { b: fails(), warn: fails(), page: listens(seen), clean: listens(seen) };
  const { lines, result } = await trace(sketch("a > b", { settings }), acts);
  assert.deepEqual(lines.slice(5), [
    "WorkflowFinishing failed",
    "NodeStarted warn",
    "NodeFailed warn",
    "NodeStarted page",
    "NodeCompleted page",
    "NodeStarted clean",
    "NodeCompleted clean",
    "WorkflowCompleted failed",
  ]);
  assert.deepEqual(seen, ['Node "b" failed: No luck', "failed succeeded a"]);
  assert.equal(result.error?.message, 'Node "b" failed: No luck');
});

Deno.test("handlers change nothing in the result, whatever becomes of them", async () => {
  const { result, events } = await trace(sketch("a", { settings: handled }), { cheer: fails(), clean: fails() });
  assert.equal(result.status, "succeeded");
  assert.deepEqual(result.outputs, { a: { out: "a" } });
  assert.deepEqual([result.completed_nodes, result.total_nodes], [1, 1]);
  const failure = events.find((event) => event.type === "NodeFailed");
  assert.equal(failure?.type === "NodeFailed" && failure.handler, "on_success");
});

Deno.test("handlers: after a cancel on_exit runs, and neither of the others", async () => {
  const { lines } = await trace(sketch("a", { settings: handled }), { a: takes(1000) }, {
    during: ({ clock, cancel }) => clock.setTimer(10, () => cancel()),
  });
  assert.deepEqual(lines.slice(4), [
    "WorkflowFinishing cancelled",
    "NodeStarted clean",
    "NodeCompleted clean",
    "WorkflowCompleted cancelled",
  ]);
});

Deno.test("handlers run after the deadline too, under a limit of their own", async () => {
  const settings = { ...handled, max_execution_time_ms: 100 };
  const { result, timeline } = await trace(sketch("a", { settings }), { a: takes(1000), page: takes(400_000) });
  assert.equal(result.error?.code, "timeout");
  assert.ok(timeline.includes("300.1 NodeFailed page"));
  assert.ok(timeline.includes("300.1 NodeCompleted clean"));
});

Deno.test("handlers: a cancel while they run ends them, and leaves the result as it is", async () => {
  const { result, lines } = await trace(sketch("a", { settings: handled }), { cheer: takes(1000) }, {
    during: ({ clock, cancel }) => clock.setTimer(10, () => cancel()),
  });
  assert.equal(result.status, "succeeded");
  assert.ok(lines.includes("NodeFailed cheer (cancelled)"));
});

Deno.test("handlers are left out when their condition does not hold", async () => {
  const settings = { on_exit: [node("clean", { when: "execution.status = 'failed'" })] };
  const { lines, result } = await trace(sketch("a", { settings }));
  assert.ok(lines.includes("NodeSkipped clean (condition)"));
  assert.equal(result.status, "succeeded");
});

Deno.test("handlers receive nothing on their ports but what the document says", async () => {
  const seen: unknown[] = [];
  const settings = { on_exit: [node("clean", { inputs: { text: "<${{ inputs.name }}>" } })] };
  const clean: Act = ({ inputs }) => {
    seen.push(inputs);
    return {};
  };
  await trace(sketch("a", { settings }), { clean }, { inputs: { name: "Ada", other: 1 } });
  assert.deepEqual(seen, [{ text: "<Ada>" }]);
});

Deno.test("resume() in the middle of handlers runs those that had not ended, and keeps the result", async () => {
  const lab = new Lab({ a: breaks(), warn: sleeps(10), page: sleeps(1000) });
  const own = (id: string) => node(id, { node_type: "test.node" });
  const settings = { on_failure: [own("warn"), own("page")], on_exit: [own("clean")] };
  const workflow = sketch("a", { nodes: { a: { node_type: "test.node" } }, settings });
  const engine = lab.openEngine();
  const handle = await engine.start(workflow);
  lab.clock.setTimer(500, () => void engine.close());
  await lab.failure(handle);
  const resumed = await lab.openEngine().resume(handle.execution_id);
  const result = await lab.clock.run(resumed.result);
  assert.equal(result.status, "failed");
  assert.deepEqual(lab.begun, ["a 1", "warn 1", "page 1", "page 2", "clean 1"]);
});

/** A failure whose handlers can be looked at while they run. */
function startHandled(acts: Lab["acts"]) {
  const lab = new Lab({ a: breaks(), ...acts });
  const own = (id: string) => node(id, { node_type: "test.node" });
  const settings = { on_failure: [own("warn"), own("page")], on_exit: [own("clean")] };
  const engine = lab.openEngine();
  const workflow = sketch("a", { nodes: { a: { node_type: "test.node" } }, settings });
  return { lab, engine, started: engine.start(workflow) };
}

Deno.test("resume() keeps to a cancel of handlers that was cut off, and runs on_exit", async () => {
  const stubborn: Act = async ({ node_id }) => {
    await sleep(lab.clock, 1000);
    return { out: node_id };
  };
  const { lab, engine, started } = startHandled({ warn: stubborn });
  const handle = await started;
  lab.clock.setTimer(100, () => handle.cancel("Enough"));
  lab.clock.setTimer(200, () => void engine.close());
  await lab.failure(handle);
  const resumed = await lab.openEngine().resume(handle.execution_id);
  const result = await lab.clock.run(resumed.result);
  assert.equal(result.status, "failed");
  assert.deepEqual(lab.begun, ["a 1", "warn 1", "clean 1"]);
  const cancels = (await lab.events(handle.execution_id)).filter(({ type }) => type === "WorkflowCancelling");
  assert.deepEqual(cancels.map((event) => "handler" in event && event.handler), ["on_failure"]);
});

Deno.test("handlers: a cancel of another process ends those that run, and never on_exit behind them", async () => {
  const { lab, started } = startHandled({ warn: sleeps(60_000), clean: sleeps(5000) });
  const handle = await started;
  lab.clock.setTimer(100, () => void lab.openEngine().cancel(handle.execution_id));
  await lab.clock.run(handle.result);
  const lines = await lab.lines(handle.execution_id);
  assert.deepEqual(
    lines.slice(-6),
    [
      "WorkflowCancelling",
      "NodeSkipped page",
      "NodeFailed warn",
      "NodeStarted clean",
      "NodeCompleted clean",
      "WorkflowCompleted failed",
    ],
  );
});

const refused: [HandlerName, Partial<NodeSpec>, RegExp][] = [
  ["on_exit", { id: "a" }, /id "a" is taken/],
  ["on_exit", { id: "x", depends_on: ["a"] }, /depends_on has no meaning in on_exit/],
  ["on_failure", { id: "x", config: { note: "${{ execution.stat }}" } }, /no property of the execution "stat"/],
  ["on_success", { id: "x", config: { nonsense: 1 } }, /nonsense/],
];
Deno.test("expressions cannot refer to nodes of a handler from elsewhere, and are told so", async () => {
  const lab = new Lab();
  const value = (id: string) => ({ id, node_type: "test.node", inputs: { text: "${{ nodes.warn.out }}" } });
  const document = {
    nodes: [value("a")],
    outputs: { text: "${{ nodes.warn.out }}" },
    settings: { on_failure: [{ id: "warn", node_type: "test.node" }, value("page")], on_exit: [value("clean")] },
  };
  await assert.rejects(parseWorkflow(document, { registry: lab.openEngine().registry }), (error) => {
    assert.ok(error instanceof WorkflowError);
    const message = 'Node "warn" is one of on_failure: only nodes behind it there can refer to it';
    const expected = ['Node "a"', 'Output "text"', 'Node "clean"'].map((subject) => `${subject}: ${message}`);
    assert.deepEqual(error.issues.map((issue) => issue.message), expected);
    assert.match(error.issues[0]?.hint ?? "", /^Refer to a node of the workflow itself, or put .* into on_failure\.$/);
    return true;
  });
});

for (const [handler, spec, message] of refused) {
  Deno.test(`handlers are checked before the run: ${message.source}`, async () => {
    const lab = new Lab();
    const { registry } = createEngine({ nodes: [...lab.openEngine().registry.list()] });
    const text = JSON.stringify({
      nodes: [{ id: "a", node_type: "test.node" }],
      settings: { [handler]: [{ node_type: "test.node", ...spec }] },
    });
    await assert.rejects(parseWorkflow(text, { registry }), (error) => {
      assert.ok(error instanceof WorkflowError);
      assert.match(error.message, message);
      assert.deepEqual(error.issues[0]?.path.slice(0, 3), ["settings", handler, 0]);
      assert.ok((error.issues[0]?.column ?? 0) > 60);
      return true;
    });
  });
}
