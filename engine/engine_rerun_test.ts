import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { type Act, breaks, Lab, sleeps } from "../tests/support/lab.ts";
import type { Engine } from "./engine.ts";
import type { ExecutionEvent } from "./events.ts";
import type { RerunOptions } from "./rerun.ts";
import type { ExecutionResult } from "./verdict.ts";

const chain = createWorkflow(["a", "b", "c"], ["a > b", "b > c"]);

/** Answers its inputs, so that the end shows what has come through. */
const collect: Act = ({ node_id, inputs }) => ({ out: [node_id, inputs["in"] ?? null] });

/** A lab in which `chain` has run to its end as "old". */
async function openAfter(acts: Record<string, Act> = {}): Promise<{ lab: Lab; engine: Engine }> {
  const lab = new Lab({ a: collect, b: collect, c: collect, ...acts });
  const engine = lab.openEngine();
  const handle = await engine.start(chain, { execution_id: "old", inputs: { in: 1 } });
  await lab.clock.run(handle.result);
  lab.begun.length = 0;
  lab.acts = { a: collect, b: collect, c: collect };
  return { lab, engine };
}

/** Reruns "old" as "new". */
async function rerun(lab: Lab, engine: Engine, options: RerunOptions = {}): Promise<ExecutionResult> {
  const handle = await engine.rerun(await engine.planRerun("old", options), { execution_id: "new" });
  return await lab.clock.run(handle.result);
}

function completions(events: readonly ExecutionEvent[]): unknown[] {
  return events.flatMap((event) =>
    event.type === "NodeCompleted" ? [[event.node_id, event.reused_from, event.outputs]] : []
  );
}

Deno.test("rerun() runs what failed with the outputs of what succeeded before", async () => {
  const { lab, engine } = await openAfter({ b: breaks() });
  const { status, outputs, completed_nodes } = await rerun(lab, engine);
  assert.deepEqual([status, completed_nodes, lab.begun], ["succeeded", 3, ["b 1", "c 1"]]);
  assert.deepEqual(outputs, { c: { out: ["c", ["b", ["a", 1]]] } });
  assert.deepEqual(completions(await lab.events("new")), [
    ["a", "old", { out: ["a", 1] }],
    ["b", undefined, { out: ["b", ["a", 1]] }],
    ["c", undefined, { out: ["c", ["b", ["a", 1]]] }],
  ]);
});

Deno.test("rerun() links the new execution with the old one, and leaves the old one as it was", async () => {
  const { lab, engine } = await openAfter({ b: breaks() });
  const before = await lab.events("old");
  await rerun(lab, engine);
  const [started] = await lab.events("new");
  assert.ok(started?.type === "WorkflowStarted");
  assert.equal(started.rerun_of, "old");
  assert.equal((await lab.store.getSummary("new", 0))?.rerun_of, "old");
  assert.equal((await engine.status("new"))?.nodes.get("a")?.reused_from, "old");
  assert.deepEqual(await lab.events("old"), before);
});

Deno.test("rerun() of a rerun takes outputs from the execution that it reruns, wherever they were made", async () => {
  const { lab, engine } = await openAfter({ b: breaks() });
  await rerun(lab, engine);
  lab.begun.length = 0;
  const handle = await engine.rerun(await engine.planRerun("new", { from: "c" }), { execution_id: "newest" });
  const { outputs } = await lab.clock.run(handle.result);
  assert.deepEqual([outputs, lab.begun], [{ c: { out: ["c", ["b", ["a", 1]]] } }, ["c 1"]]);
  assert.deepEqual(completions(await lab.events("newest")).slice(0, 2), [
    ["a", "new", { out: ["a", 1] }],
    ["b", "new", { out: ["b", ["a", 1]] }],
  ]);
});

Deno.test("rerun() of only a node leaves the others out, says so, and succeeds", async () => {
  const { lab, engine } = await openAfter({ c: breaks() });
  const { status } = await rerun(lab, engine, { only: "b" });
  assert.deepEqual([status, lab.begun], ["succeeded", ["b 1"]]);
  const skips = (await lab.events("new")).filter((event) => event.type === "NodeSkipped");
  assert.deepEqual(skips.map(({ node_id, because }) => [node_id, because]), [["c", { reason: "not_selected" }]]);
});

Deno.test("rerun() of only a node that fails again fails", async () => {
  const { lab, engine } = await openAfter({ b: breaks() });
  lab.acts = { b: breaks() };
  assert.equal((await rerun(lab, engine, { only: "b" })).status, "failed");
});

Deno.test("rerun() runs the fixed definition with new inputs, and keeps both", async () => {
  const { lab, engine } = await openAfter();
  const workflow = { ...chain, name: "fixed" };
  const { outputs } = await rerun(lab, engine, { workflow, inputs: { in: 2 } });
  assert.deepEqual(outputs, { c: { out: ["c", ["b", ["a", 2]]] } });
  const record = await lab.store.getRecord("new");
  assert.deepEqual([record?.workflow.name, record?.inputs], ["fixed", { in: 2 }]);
});

Deno.test("rerun() succeeds also where nothing is left to run", async () => {
  const { lab, engine } = await openAfter({ c: breaks() });
  const { status, outputs } = await rerun(lab, engine, { workflow: createWorkflow(["a", "b"], ["a > b"]) });
  assert.deepEqual([status, outputs, lab.begun], ["succeeded", { b: { out: ["b", ["a", 1]] } }, []]);
});

Deno.test("rerun() takes the outputs of the last round of a workflow that was retried", async () => {
  let rounds = 0;
  const lab = new Lab({ a: () => ({ out: ++rounds }), b: breaks() });
  const engine = lab.openEngine();
  const settings = { ...chain.settings, on_error: { RetryWorkflow: { max_attempts: 3 } } };
  const handle = await engine.start({ ...chain, settings }, { execution_id: "old" });
  await lab.clock.run(handle.result);
  lab.acts = { b: collect, c: collect };
  assert.deepEqual((await rerun(lab, engine)).outputs, { c: { out: ["c", ["b", 3]] } });
});

Deno.test("rerun() with timeoutMs ends in time", async () => {
  const { lab, engine } = await openAfter({ b: breaks() });
  lab.acts = { b: sleeps(60_000) };
  const handle = await engine.rerun(await engine.planRerun("old"), { timeoutMs: 500 });
  assert.equal((await lab.clock.run(handle.result)).error?.code, "timeout");
});

Deno.test("a rerun that is cut off goes on with what it has reused, skipped and done itself", async () => {
  const { lab, engine } = await openAfter({ c: breaks() });
  lab.acts = { b: sleeps(60_000) };
  await engine.rerun(await engine.planRerun("old", { only: "b" }), { execution_id: "new" });
  await lab.clock.advance(100);
  await engine.close();
  lab.begun.length = 0;
  lab.acts = { a: collect, b: collect, c: collect };
  const resumed = await lab.openEngine().resume("new");
  assert.equal((await lab.clock.run(resumed.result)).status, "succeeded");
  assert.deepEqual(lab.begun, ["b 2"]);
  assert.deepEqual(completions(await lab.events("new")), [
    ["a", "old", { out: ["a", 1] }],
    ["b", undefined, { out: ["b", ["a", 1]] }],
  ]);
});
