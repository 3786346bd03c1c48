import assert from "node:assert/strict";
import { createPolicy } from "../tests/support/lab.ts";
import { fails, sketch, takes, trace } from "../tests/support/trace.ts";
import { FlowError } from "./errors.ts";

const retries = (max_attempts: number) => ({ retry_policy: createPolicy({ max_attempts }) });

Deno.test("execute() runs a chain in order and answers the outputs of its end", async () => {
  const { lines, result } = await trace(sketch("a > b"));
  assert.deepEqual(lines, [
    "WorkflowStarted",
    "NodeStarted a",
    "NodeCompleted a",
    "NodeStarted b",
    "NodeCompleted b",
    "WorkflowCompleted succeeded",
  ]);
  assert.deepEqual(result.outputs, { b: { out: "b" } });
  assert.equal(result.completed_nodes, 2);
});

Deno.test("execute() skips everything downstream of a failed node, and says why", async () => {
  const { lines, result } = await trace(sketch("a > b > c"), { a: fails() });
  assert.deepEqual(lines.slice(-4), [
    "NodeFailed a",
    "NodeSkipped b (a)",
    "NodeSkipped c (a)",
    "WorkflowCompleted failed",
  ]);
  assert.equal(result.error?.code, "node_failed");
  assert.equal(result.error?.message, 'Node "a" failed: No luck');
});

Deno.test("execute() starts a node once, however long its siblings take", async () => {
  const { timeline } = await trace(sketch("a > b, a > c, a > d"), { b: takes(1000), c: takes(3000), d: takes(2000) });
  assert.deepEqual(timeline.slice(3), [
    "0 NodeStarted b",
    "0 NodeStarted c",
    "0 NodeStarted d",
    "1 NodeCompleted b",
    "2 NodeCompleted d",
    "3 NodeCompleted c",
    "3 WorkflowCompleted succeeded",
  ]);
});

Deno.test("execute() runs no more nodes at once than the document allows", async () => {
  const acts = { a: takes(1000), b: takes(1000), c: takes(1000) };
  const { timeline } = await trace(sketch("a, b, c", { settings: { max_parallel_nodes: 2 } }), acts);
  assert.deepEqual(timeline.filter((line) => line.includes("Started")), [
    "0 WorkflowStarted",
    "0 NodeStarted a",
    "0 NodeStarted b",
    "1 NodeStarted c",
  ]);
});

Deno.test("execute() waits 1, 2, 4, 8 and 16 seconds between the attempts of a node", async () => {
  const { timeline } = await trace(sketch("a", { nodes: { a: retries(6) } }), { a: fails(5) });
  assert.deepEqual(timeline.filter((line) => line.includes("NodeStarted")), [
    "0 NodeStarted a",
    "1 NodeStarted a #2",
    "3 NodeStarted a #3",
    "7 NodeStarted a #4",
    "15 NodeStarted a #5",
    "31 NodeStarted a #6",
  ]);
  assert.equal(timeline.at(-1), "31 WorkflowCompleted succeeded");
});

Deno.test("execute() gives the slot of a node that waits for its retry to others", async () => {
  const settings = { max_parallel_nodes: 1 };
  const { timeline } = await trace(sketch("a, b", { nodes: { a: retries(2) }, settings }), {
    a: fails(1),
    b: takes(500),
  });
  assert.ok(timeline.includes("0 NodeStarted b"));
  assert.ok(timeline.includes("1 NodeStarted a #2"));
});

Deno.test("execute() does not repeat what cannot help, or what the policy excludes", async () => {
  const invalid = fails(Infinity, new FlowError("invalid_config", "Wrong"));
  assert.ok(!(await trace(sketch("a", { nodes: { a: retries(3) } }), { a: invalid })).lines.some(isRetry));
  const exit = fails(Infinity, new FlowError("exit_code", "Exit", { details: { exit_code: 2 } }));
  const policy = { ...retries(3).retry_policy, no_retry_on: [2] };
  assert.ok(!(await trace(sketch("a", { nodes: { a: { retry_policy: policy } } }), { a: exit })).lines.some(isRetry));
});

function isRetry(line: string): boolean {
  return line.startsWith("NodeRetrying");
}

Deno.test("execute() ends an attempt at its timeout, and repeats it if the policy says so", async () => {
  const nodes = { a: { timeout_ms: 300, ...retries(2) } };
  const { timeline, result } = await trace(sketch("a", { nodes }), { a: takes(1000) });
  assert.deepEqual(timeline.slice(1), [
    "0 NodeStarted a",
    "0.3 NodeRetrying a in 1000",
    "1.3 NodeStarted a #2",
    "1.6 NodeFailed a",
    "1.6 WorkflowCompleted failed",
  ]);
  assert.match(result.error?.message ?? "", /exceeded its timeout of 300 ms/);
});

Deno.test("execute() lets other branches go on under ContinueOnError, and still fails", async () => {
  const workflow = sketch("a > b, c > d", { settings: { on_error: "ContinueOnError" } });
  const { lines } = await trace(workflow, { a: fails(), c: takes(1000) });
  assert.ok(lines.includes("NodeSkipped b (a)") && lines.includes("NodeCompleted d"));
  assert.equal(lines.at(-1), "WorkflowCompleted failed");
});

Deno.test("execute() runs the whole workflow again under RetryWorkflow, with attempts that go on counting", async () => {
  const workflow = sketch("a > b", { settings: { on_error: { RetryWorkflow: { max_attempts: 3 } } } });
  const { lines } = await trace(workflow, { b: fails(2) });
  assert.deepEqual(lines, [
    "WorkflowStarted",
    ...["NodeStarted a", "NodeCompleted a", "NodeStarted b", "NodeFailed b", "WorkflowRetrying"],
    ...["NodeStarted a #2", "NodeCompleted a", "NodeStarted b #2", "NodeFailed b", "WorkflowRetrying"],
    ...["NodeStarted a #3", "NodeCompleted a", "NodeStarted b #3", "NodeCompleted b"],
    "WorkflowCompleted succeeded",
  ]);
  const { lines: hopeless } = await trace(workflow, { b: fails() });
  assert.equal(hopeless.filter((line) => line === "WorkflowRetrying").length, 2);
  assert.equal(hopeless.at(-1), "WorkflowCompleted failed");
});

Deno.test("cancel() reaches the running node, skips the rest, and the execution ends once", async () => {
  const { timeline, result } = await trace(sketch("a > b"), { a: takes(10_000) }, {
    during: ({ clock, cancel }) => {
      clock.setTimer(500, () => cancel("Enough"));
      clock.setTimer(501, () => cancel("Enough, I said"));
    },
  });
  assert.deepEqual(timeline.slice(2), [
    "0.5 WorkflowCancelling",
    "0.5 NodeSkipped b (execution_cancelled)",
    "0.5 NodeFailed a (cancelled)",
    "0.5 WorkflowCompleted cancelled",
  ]);
  assert.equal(result.error?.message, "Enough");
});

Deno.test("execute() ends at max_execution_time_ms as failed with the code timeout", async () => {
  const workflow = sketch("a > b", { settings: { max_execution_time_ms: 700 } });
  const { timeline, result } = await trace(workflow, { a: takes(10_000) });
  assert.equal(timeline.at(-1), "0.7 WorkflowCompleted failed");
  assert.equal(result.error?.code, "timeout");
});

Deno.test("execute() gives up on a node that ignores its signal, after 30 seconds, and says so", async () => {
  const deaf = () => new Promise<never>(() => {});
  const { timeline, events } = await trace(sketch("a", { nodes: { a: { timeout_ms: 1000 } } }), { a: deaf });
  assert.deepEqual(timeline.slice(-2), ["31 NodeFailed a", "31 WorkflowCompleted failed"]);
  assert.ok(events.some((event) => event.type === "NodeEvent" && event.event.event_type === "Warning"));
});

Deno.test("run_if: failure and always run after a failure that stops the workflow; success does not", async () => {
  const nodes = { undo: { run_if: "failure" as const }, report: { run_if: "always" as const } };
  const { lines } = await trace(sketch("a > undo > report, a > b", { nodes }), { a: fails() });
  assert.deepEqual(lines.slice(2), [
    "NodeFailed a",
    "NodeSkipped b (a)",
    "NodeStarted undo",
    "NodeCompleted undo",
    "NodeStarted report",
    "NodeCompleted report",
    "WorkflowCompleted failed",
  ]);
});

Deno.test("run_if: a node that is there for failures is skipped without one, and never runs after a cancel", async () => {
  const nodes = { undo: { run_if: "failure" as const }, report: { run_if: "always" as const } };
  const { lines } = await trace(sketch("a > undo > report", { nodes }));
  assert.deepEqual(lines.slice(3), [
    "NodeSkipped undo (run_if)",
    "NodeStarted report",
    "NodeCompleted report",
    "WorkflowCompleted succeeded",
  ]);
  const cancelled = await trace(sketch("a > report", { nodes }), { a: takes(1000) }, {
    during: ({ clock, cancel }) => clock.setTimer(10, cancel),
  });
  assert.ok(!cancelled.lines.includes("NodeStarted report"));
});

Deno.test("the deadline and a cancel also end the nodes that run after a failure; the execution has failed", async () => {
  const nodes = { undo: { run_if: "failure" as const } };
  const acts = { a: fails(), undo: takes(60_000) };
  const late = await trace(sketch("a > undo", { nodes, settings: { max_execution_time_ms: 700 } }), acts);
  assert.equal(late.timeline.at(-1), "0.7 WorkflowCompleted failed");
  assert.equal(late.result.error?.code, "timeout");
  const cancelled = await trace(sketch("a > undo", { nodes }), acts, {
    during: ({ clock, cancel }) => clock.setTimer(300, cancel),
  });
  assert.deepEqual(cancelled.timeline.slice(-2), ["0.3 NodeFailed undo (cancelled)", "0.3 WorkflowCompleted failed"]);
});

Deno.test("continue_on_error keeps a failure from everybody else", async () => {
  const nodes = { a: { continue_on_error: true } };
  const { lines, result } = await trace(sketch("a > b", { nodes }), { a: fails() });
  assert.deepEqual(lines.slice(2), ["NodeFailed a", "NodeStarted b", "NodeCompleted b", "WorkflowCompleted succeeded"]);
  assert.equal(result.completed_nodes, 1);
});

Deno.test("a node runs if one of its branches was taken, and is skipped if none was", async () => {
  const workflow = sketch("if > yes > end, if > no > end");
  workflow.connections.forEach((connection) => {
    if (connection.from_node === "if") connection.from_port = connection.to_node;
  });
  const { lines, result } = await trace(workflow, { if: () => ({ yes: 1 }) });
  assert.ok(lines.includes("NodeSkipped no (if)"));
  assert.ok(lines.includes("NodeCompleted end"));
  assert.equal(result.status, "succeeded");
  const { lines: none } = await trace(workflow, { if: () => ({}) });
  assert.ok(none.includes("NodeSkipped end (yes)"));
});

Deno.test("depends_on orders nodes without carrying anything", async () => {
  const nodes = { b: { depends_on: ["a"] } };
  let inputs: unknown;
  const { timeline } = await trace(sketch("a, b", { nodes }), {
    a: takes(1000),
    b: (ctx) => ({ out: JSON.stringify(inputs = ctx.inputs) }),
  }, { inputs: { x: 1 } });
  assert.ok(timeline.includes("1 NodeStarted b"));
  assert.deepEqual(inputs, { x: 1 });
});

Deno.test("a port with several connections takes the last one in the document that carries a value", async () => {
  const workflow = sketch("a > c, b > c");
  const seen: unknown[] = [];
  const watch = { c: (ctx: { inputs: unknown }) => (seen.push(ctx.inputs), {}) };
  await trace(workflow, { ...watch, a: takes(1000, { out: "late" }) });
  await trace(workflow, { ...watch, b: () => ({}) });
  assert.deepEqual(seen, [{ in: "b" }, { in: "a" }]);
});

Deno.test("what a node answers must be JSON or bytes; the error names the port", async () => {
  const { result } = await trace(sketch("a"), { a: () => ({ out: { when: new Date() } }) as never });
  assert.match(result.error?.message ?? "", /out/);
  assert.equal(result.status, "failed");
});
