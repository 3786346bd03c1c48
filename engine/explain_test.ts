import assert from "node:assert/strict";
import type { EventBody, ExecutionEvent } from "./events.ts";
import { explainExecution } from "./explain.ts";
import { parseWorkflow } from "./parse.ts";
import type { ErrorInfo } from "./errors.ts";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const failure: ErrorInfo = { code: "exit_code", message: "exited with 1" };

/** Events with the times, in milliseconds after noon, that stand in front of them. */
function history(...facts: [ms: number, body: EventBody][]): ExecutionEvent[] {
  return facts.map(([ms, body], index) => ({
    execution_id: "x",
    seq: index + 1,
    timestamp: new Date(NOON + ms).toISOString(),
    ...body,
  }));
}

const begin: EventBody = { type: "WorkflowStarted", workflow_id: "w", total_nodes: 3 };
const start = (node_id: string, attempt = 1): EventBody => ({ type: "NodeStarted", node_id, node_type: "t", attempt });
const done = (node_id: string, more: { cached?: true; reused_from?: string } = {}): EventBody => ({
  type: "NodeCompleted",
  node_id,
  outputs: {},
  duration_ms: 0,
  ...more,
});
const retry = (node_id: string, attempt: number, delay_ms: number, error = failure): EventBody => ({
  type: "NodeRetrying",
  node_id,
  attempt,
  delay_ms,
  error,
});
const fail = (node_id: string): EventBody => ({ type: "NodeFailed", node_id, error: failure, duration_ms: 0 });
const skip = (node_id: string, blamed: string): EventBody => ({
  type: "NodeSkipped",
  node_id,
  because: { reason: "node_failed", node_id: blamed },
});
const finish = (duration_ms: number, status: "succeeded" | "failed" = "succeeded"): EventBody => ({
  type: "WorkflowCompleted",
  success: status === "succeeded",
  status,
  duration_ms,
});

/** What is said about a workflow with these edges (`a > b`), after these facts. */
async function explain(
  edges: string[],
  facts: [ms: number, body: EventBody][],
  options: { slots?: number; cached?: string[]; no_cache?: true } = {},
) {
  const { slots = 10, cached = [], no_cache } = options;
  const ids = [...new Set(edges.flatMap((edge) => edge.split(" > ")))];
  const workflow = await parseWorkflow({
    id: "w",
    nodes: ids.map((id) => ({ id, node_type: "t", ...(cached.includes(id) ? { cache: { ttl_seconds: 60 } } : {}) })),
    connections: edges.filter((edge) => edge.includes(">")).map((edge) => {
      const [from_node, to_node] = edge.split(" > ");
      return { from_node, from_port: "o", to_node, to_port: "i" };
    }),
    settings: { max_parallel_nodes: slots },
  });
  const created_at = new Date(NOON).toISOString();
  const record = { execution_id: "x", workflow, inputs: {}, verbose: false, created_at, ...(no_cache && { no_cache }) };
  const explanation = await explainExecution(record, history(...facts));
  return { ...explanation, node: new Map(explanation.nodes.map((node) => [node.node_id, node])) };
}

Deno.test("explainExecution() tells waiting for a slot, running and the engine's own time apart", async () => {
  const { node, engine } = await explain(["a", "b"], [
    [0, begin],
    [2, start("a")],
    [102, done("a")],
    [105, start("b")],
    [205, done("b")],
    [206, finish(206)],
  ], { slots: 1 });
  const { waited_ms, run_ms, engine_ms, ready_ms, ended_ms } = node.get("b") ?? assert.fail();
  assert.deepEqual({ waited_ms, run_ms, engine_ms, ready_ms, ended_ms }, {
    waited_ms: 102,
    run_ms: 100,
    engine_ms: 3,
    ready_ms: 0,
    ended_ms: 205,
  });
  assert.deepEqual(engine, { total_ms: 5, per_node_ms: 2.5 });
});

Deno.test("explainExecution() counts for the engine only what no other node's turn explains", async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const facts = ids.flatMap((
    id,
    index,
  ): [number, EventBody][] => [[2 * index + 1, start(id)], [2 * index + 2, done(id)]]);
  const { node, engine } = await explain(ids, [[0, begin], ...facts], { slots: 1 });
  assert.equal(node.get("n99")?.waited_ms, 198);
  assert.deepEqual(engine, { total_ms: 100, per_node_ms: 1 });
});

Deno.test("explainExecution() shows every attempt with its error and the pause after it", async () => {
  const { node } = await explain(["a"], [
    [0, begin],
    [0, start("a")],
    [10, retry("a", 1, 1000)],
    [1011, start("a", 2)],
    [1031, done("a")],
    [1031, finish(1031)],
  ]);
  const { attempts, delay_ms, run_ms, engine_ms } = node.get("a") ?? assert.fail();
  assert.deepEqual(attempts, [
    { attempt: 1, duration_ms: 10, error: failure, delay_ms: 1000 },
    { attempt: 2, duration_ms: 20 },
  ]);
  assert.deepEqual({ delay_ms, run_ms, engine_ms }, { delay_ms: 1000, run_ms: 30, engine_ms: 1 });
});

Deno.test("explainExecution() finds the chain that decided when the execution ended", async () => {
  const { critical_path } = await explain(["a > d", "b > d", "c", "d > e"], [
    [0, begin],
    ...["a", "b", "c"].map((id): [number, EventBody] => [1, start(id)]),
    [10, done("a")],
    [50, done("b")],
    [51, start("d")],
    [80, done("c")],
    [90, done("d")],
    [90, start("e")],
    [100, done("e")],
    [100, finish(100)],
  ]);
  assert.deepEqual(critical_path.map(({ node_id, total_ms, run_ms }) => [node_id, total_ms, run_ms]), [
    ["b", 50, 49],
    ["d", 40, 39],
    ["e", 10, 10],
  ]);
});

Deno.test("explainExecution() names the root of a skip, and failed executions end their path at the failure", async () => {
  const { node, critical_path, status } = await explain(["a > b", "b > c"], [
    [0, begin],
    [0, start("a")],
    [5, fail("a")],
    [5, skip("b", "a")],
    [5, skip("c", "a")],
    [6, finish(6, "failed")],
  ]);
  assert.deepEqual(node.get("c")?.skipped, { reason: "node_failed", node_id: "a" });
  assert.deepEqual(node.get("a")?.attempts, [{ attempt: 1, duration_ms: 5, error: failure }]);
  assert.deepEqual([status, critical_path.map((step) => step.node_id)], ["failed", ["a"]]);
});

Deno.test("explainExecution() never lets a path go back in time, in whatever order nodes were skipped", async () => {
  const { critical_path } = await explain(["a", "b > c", "c > d"], [
    [0, begin],
    [0, start("a")],
    [2, fail("a")],
    [2, skip("c", "a")],
    [3, start("d")],
    [5, skip("b", "a")],
    [9, done("d")],
    [9, finish(9, "failed")],
  ]);
  assert.ok(critical_path.every((step) => step.total_ms >= 0), JSON.stringify(critical_path));
  assert.deepEqual(critical_path.map((step) => step.node_id), ["c", "d"]);
});

Deno.test("explainExecution() says what the cache did, and what comes from another execution", async () => {
  const facts: [number, EventBody][] = [
    [0, begin],
    [1, done("hit", { cached: true })],
    [1, done("reused", { reused_from: "y" })],
    [1, start("miss")],
    [2, done("miss")],
  ];
  const cached = ["hit", "reused", "miss"];
  const { node } = await explain([...cached, "plain"], facts, { cached });
  assert.deepEqual(node.get("hit")?.cache, { outcome: "hit", ttl_seconds: 60 });
  assert.deepEqual(node.get("miss")?.cache, { outcome: "miss", ttl_seconds: 60 });
  assert.equal(node.get("reused")?.cache, undefined);
  assert.equal(node.get("reused")?.reused_from, "y");
  assert.equal(node.get("plain")?.cache, undefined);
  const bypassed = await explain(cached, facts, { cached, no_cache: true });
  assert.equal(bypassed.node.get("miss")?.cache?.outcome, "bypassed");
});

Deno.test("explainExecution() counts the time without a process as nobody's fault", async () => {
  const interrupted: ErrorInfo = { code: "interrupted", message: "cut off" };
  const { node, resumed, duration_ms } = await explain(["a", "b"], [
    [0, begin],
    [0, start("a")],
    [40, { type: "NodeProcess", node_id: "a", attempt: 1, process: { pid: 1, started: "1" } }],
    [5040, { type: "WorkflowResumed", owner: "o" }],
    [5040, retry("a", 1, 0, interrupted)],
    [5042, start("a", 2)],
    [5052, done("a")],
    [5053, start("b")],
    [5063, done("b")],
  ], { slots: 1 });
  const { run_ms, down_ms, engine_ms, waited_ms, attempts } = node.get("a") ?? assert.fail();
  assert.deepEqual({ run_ms, down_ms, engine_ms, waited_ms }, {
    run_ms: 50,
    down_ms: 5000,
    engine_ms: 2,
    waited_ms: 0,
  });
  assert.deepEqual(attempts.map(({ duration_ms, error }) => [duration_ms, error?.code]), [[40, "interrupted"], [
    10,
    undefined,
  ]]);
  assert.deepEqual([node.get("b")?.waited_ms, node.get("b")?.down_ms, node.get("b")?.engine_ms], [52, 5000, 1]);
  assert.deepEqual([resumed, duration_ms], [1, 5063]);
});

Deno.test("explainExecution() explains the last round of a workflow that was retried, and why earlier ones ended", async () => {
  const { node, earlier_rounds } = await explain(["a > b"], [
    [0, begin],
    [0, start("a")],
    [10, fail("a")],
    [10, skip("b", "a")],
    [10, { type: "WorkflowRetrying", attempt: 2, error: failure }],
    [11, start("a", 2)],
    [21, done("a")],
    [21, start("b")],
    [31, done("b")],
    [31, finish(31)],
  ]);
  assert.deepEqual(earlier_rounds, [failure]);
  assert.deepEqual(node.get("a")?.attempts, [{ attempt: 2, duration_ms: 10 }]);
  assert.equal(node.get("a")?.engine_ms, 1);
});

Deno.test("explainExecution() tells how many items of a node failed, and why", async () => {
  const item = (body: EventBody, index: number) => ({ ...body, index }) as EventBody;
  const { node } = await explain(["a"], [
    [0, begin],
    [0, start("a")],
    [0, { type: "NodeExpanded", node_id: "a", items: [1, 2, 3] }],
    ...[0, 1, 2].map((index): [number, EventBody] => [0, item(start("a"), index)]),
    [10, item(done("a"), 0)],
    [20, item(fail("a"), 1)],
    [30, item(done("a"), 2)],
    [30, { ...done("a"), failed_items: 1 } as EventBody],
    [30, finish(30)],
  ]);
  const { items, run_ms, attempts } = node.get("a") ?? assert.fail();
  assert.deepEqual(items, { count: 3, succeeded: 2, failed: 1, errors: [{ index: 1, error: failure }] });
  assert.deepEqual([run_ms, attempts.length], [30, 1]);
});

Deno.test("explainExecution() knows that items take the slots, not the node that they are of", async () => {
  const item = (body: EventBody, index: number) => ({ ...body, index }) as EventBody;
  const { node, engine } = await explain(["a", "b"], [
    [0, begin],
    [0, start("a")],
    [0, { type: "NodeExpanded", node_id: "a", items: [1, 2] }],
    [0, item(start("a"), 0)],
    [100, item(done("a"), 0)],
    [100, item(start("a"), 1)],
    [200, item(done("a"), 1)],
    [200, done("a")],
    [200, start("b")],
    [300, done("b")],
    [300, finish(300)],
  ], { slots: 1 });
  assert.equal(node.get("b")?.waited_ms, 200);
  assert.equal(engine.total_ms, 0);
});

Deno.test("explainExecution() lists the handlers that ran, apart from the result", async () => {
  const handled = (body: EventBody) => ({ ...body, handler: "on_exit" }) as EventBody;
  const workflow = await parseWorkflow({
    nodes: [{ id: "a", node_type: "t" }],
    settings: { on_exit: [{ id: "clean", node_type: "t" }], on_failure: [{ id: "alert", node_type: "t" }] },
  });
  const record = { execution_id: "x", workflow, inputs: {}, verbose: false, created_at: new Date(NOON).toISOString() };
  const events = history(
    [0, begin],
    [0, start("a")],
    [1, done("a")],
    [1, { type: "WorkflowFinishing", status: "succeeded" }],
    [
      1,
      handled(start("clean")),
    ],
    [2, handled(fail("clean"))],
    [2, finish(2)],
  );
  const { nodes, status } = await explainExecution(record, events);
  assert.equal(status, "succeeded");
  assert.deepEqual(nodes.map(({ node_id, status, handler }) => [node_id, status, handler]), [
    ["a", "succeeded", undefined],
    ["clean", "failed", "on_exit"],
  ]);
});
