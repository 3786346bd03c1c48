import assert from "node:assert/strict";
import * as z from "zod";
import { FakeClock } from "../tests/support/fake_clock.ts";
import { actNode, fails, sketch, takes, trace } from "../tests/support/trace.ts";
import { checkInputs } from "./check_inputs.ts";
import { createEngine } from "./engine.ts";
import { WorkflowError } from "./issue.ts";
import { defineNode, type NodeContext } from "./node.ts";
import { NodeRegistry } from "./registry.ts";
import type { Values } from "./value.ts";
import type { Workflow } from "./workflow.ts";

/** Puts out what its config says. */
const echo = ({ config }: NodeContext) => ({ out: (config as { value?: string }).value ?? null });

async function issuesOf(workflow: Workflow): Promise<string[]> {
  const error = await trace(workflow).then(() => undefined, (error) => error);
  assert.ok(error instanceof WorkflowError, String(error));
  return error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message} | ${issue.hint}`);
}

Deno.test("an expression keeps the type of its value, in a longer string it becomes text", async () => {
  const nodes = {
    a: { config: { value: "${{ inputs.list }}" } },
    b: { config: { value: "got ${{ inputs.list }} and ${{ inputs.n }}" } },
  };
  const inputs = { list: [1, { x: 2 }], n: 3 };
  const { result } = await trace(sketch("a, b", { nodes }), { a: echo, b: echo }, { inputs });
  assert.deepEqual(result.outputs, { a: { out: [1, { x: 2 }] }, b: { out: 'got [1,{"x":2}] and 3' } });
});

Deno.test("a node waits for the nodes that its expressions refer to, and keeps their outputs alive", async () => {
  const nodes = { c: { config: { value: "${{ nodes.a.out }} ${{ nodes.b.status }}" } } };
  const { timeline, result } = await trace(sketch("a > b, c", { nodes }), { b: takes(1000), c: echo });
  assert.ok(timeline.includes("1 NodeStarted c"));
  assert.deepEqual(result.outputs["c"], { out: "a succeeded" });
});

Deno.test("what comes from outside is never evaluated", async () => {
  const nodes = { b: { config: { value: "${{ nodes.a.out }}" } }, c: { config: { value: "<${{ inputs.evil }}>" } } };
  const evil = "${{ env.HOME }}";
  const acts = { a: () => ({ out: evil }), b: echo, c: echo };
  const { result } = await trace(sketch("a, b, c", { nodes }), acts, { inputs: { evil }, env: { HOME: "/root" } });
  assert.deepEqual(result.outputs["b"], { out: evil });
  assert.deepEqual(result.outputs["c"], { out: `<${evil}>` });
});

Deno.test("env holds only what the document lists, and what is not set yields nothing", async () => {
  const nodes = { a: { config: { value: "${{ env.USER }}${{ env.MISSING }}" } } };
  const settings = { env: ["USER", "MISSING"] };
  const { result } = await trace(sketch("a", { nodes, settings }), { a: echo }, {
    env: { USER: "ann", KEY: "secret" },
  });
  assert.deepEqual(result.outputs["a"], { out: "ann" });
  assert.deepEqual(await issuesOf(sketch("a", { nodes: { a: { config: { value: "${{ env.KEY }}" } } } })), [
    'nodes.0.config.value: Node "a": There is no environment variable "KEY" | List it in settings.env.',
  ]);
});

Deno.test("text with expressions in it is compared with the schema of its node once it is known", async () => {
  const taster = defineNode({
    type: "test.image",
    version: 1,
    summary: "Take an image",
    category: "test",
    config: { image: z.string().regex(/^\S+$/, "no spaces"), count: z.int().optional() },
    inputs: {},
    outputs: { image: z.string() },
    run: ({ config }) => ({ image: config.image }),
  });
  const registry = new NodeRegistry([taster]);
  const outcome = async (config: Values, inputs: Values = {}) => {
    const workflow = sketch("a", { nodes: { a: { node_type: "test.image", config } } });
    const handle = await createEngine({ registry }).start(workflow, { inputs });
    const { status, outputs, error } = await handle.result;
    return status === "succeeded" ? outputs : error?.message ?? "";
  };
  const image = "python:${{ inputs.tag }}";
  assert.deepEqual(await outcome({ image }, { tag: "3" }), { a: { image: "python:3" } });
  assert.match(String(await outcome({ image }, { tag: "a b" })), /config\.image: no spaces/);
  await assert.rejects(outcome({ image: "x", count: "1${{ inputs.tag }}" }), /config\.count is .* expected a/);
});

Deno.test("wrong names in expressions are errors before the run, with a guess", async () => {
  const nodes = { a: { config: { value: "${{ nodes.bb.out }}" } }, b: { when: "nodes.b.out" } };
  const issues = await issuesOf(sketch("a, b", { nodes }));
  assert.match(issues.join("\n"), /nodes\.0\.config\.value: Node "a": There is no node "bb" \| Did you mean "b"\?/);
  assert.match(issues.join("\n"), /nodes\.1: Node "b" refers to itself/);
});

Deno.test("nodes that refer to each other are a cycle", async () => {
  const nodes = { a: { config: { value: "${{ nodes.b.out }}" } }, b: { when: "nodes.a.out" } };
  assert.match((await issuesOf(sketch("a, b", { nodes }))).join("\n"), /wait for each other: a -> b -> a/);
});

Deno.test("a value of the wrong type fails the attempt, and says where", async () => {
  const nodes = { a: { config: { count: "${{ inputs.count }}" } } };
  assert.equal((await trace(sketch("a", { nodes }), {}, { inputs: { count: 3 } })).result.status, "succeeded");
  const { result } = await trace(sketch("a", { nodes }), {}, { inputs: { count: "three" } });
  assert.match(result.error?.message ?? "", /config\.count/);
  assert.deepEqual((await issuesOf(sketch("a", { nodes: { a: { config: { count: "3" } } } }))).length, 1);
});

Deno.test("when: a node whose condition does not hold is skipped, and so is what only it leads to", async () => {
  const nodes = { b: { when: "${{ nodes.a.out = 'yes' }}" }, d: { depends_on: ["a"] } };
  const workflow = sketch("a > b > c, d", { nodes });
  const no = await trace(workflow, { a: () => ({ out: "no" }) });
  assert.ok(no.lines.includes("NodeSkipped b (condition)") && no.lines.includes("NodeSkipped c (b)"));
  assert.equal(no.result.status, "succeeded");
  const yes = await trace(workflow, { a: () => ({ out: "yes" }) });
  assert.ok(yes.lines.includes("NodeCompleted c"));
});

Deno.test("when: is asked only if run_if lets the node run, and may look at how the others ended", async () => {
  const nodes = { undo: { run_if: "failure" as const, depends_on: ["a"], when: "nodes.a.error.code = 'node_failed'" } };
  const { lines } = await trace(sketch("a, undo", { nodes }), { a: fails() });
  assert.ok(lines.includes("NodeCompleted undo"));
  assert.ok((await trace(sketch("a, undo", { nodes }))).lines.includes("NodeSkipped undo (run_if)"));
});

Deno.test("attempt is the number of the try", async () => {
  const retry_policy = {
    max_attempts: 2,
    delay_ms: 0,
    backoff_multiplier: 1,
    max_delay_ms: null,
    retry_on_timeout: true,
    jitter: 0,
  };
  const nodes = { a: { retry_policy, config: { value: "${{ attempt }}" } } };
  const failOnce = fails(1);
  const { result } = await trace(sketch("a", { nodes }), { a: async (ctx) => (await failOnce(ctx), echo(ctx)) });
  assert.deepEqual(result.outputs, { a: { out: 2 } });
});

Deno.test("declared outputs are what the execution answers", async () => {
  const workflow = sketch("a > b");
  workflow.outputs = { first: "${{ nodes.a.out }}", both: ["${{ nodes.a.out }}", "${{ nodes.b.out }}"], fixed: 1 };
  const { result, events } = await trace(workflow);
  assert.deepEqual(result.outputs, { first: "a", both: ["a", "b"], fixed: 1 });
  const last = events.at(-1);
  assert.deepEqual(last?.type === "WorkflowCompleted" && last.outputs, result.outputs);
});

Deno.test("declared outputs that cannot be evaluated fail the execution", async () => {
  const workflow = sketch("a");
  workflow.outputs = { sum: "${{ nodes.a.out + 1 }}" };
  const { result } = await trace(workflow);
  assert.equal(result.status, "failed");
  assert.equal(result.error?.code, "node_failed");
  assert.equal(result.error?.details?.["code"], "expression_failed");
});

Deno.test("inputs get their defaults before anything runs", async () => {
  const workflow = sketch("a", { nodes: { a: { config: { value: "${{ inputs.n }}" } } } });
  workflow.inputs = { n: { type: "integer", default: 7, required: false } };
  assert.deepEqual((await trace(workflow, { a: echo })).result.outputs, { a: { out: 7 } });
  await assert.rejects(trace(workflow, {}, { inputs: { n: 1.5 } }), /expected an integer/);
});

Deno.test("a rerun of one node leaves out again what was left out by choice", async () => {
  const clock = new FakeClock();
  const workflow = sketch("if > yes > end, if > no > end");
  for (const connection of workflow.connections) {
    if (connection.from_node === "if") connection.from_port = connection.to_node;
  }
  const engine = createEngine({ nodes: [actNode({ if: () => ({ yes: 1 }) })], clock });
  const first = await engine.start(workflow);
  await clock.run(first.result);
  const plan = await engine.planRerun(first.execution_id, { only: "end" });
  assert.deepEqual(plan.nodes.map(({ node_id, action }) => `${node_id} ${action}`), [
    "if reuse",
    "yes reuse",
    "end run",
    "no skip",
  ]);
  const again = await engine.rerun(plan);
  const result = await clock.run(again.result);
  assert.deepEqual([result.status, result.outputs], ["succeeded", { end: { out: "end" } }]);
  const state = await engine.status(again.execution_id);
  assert.deepEqual(state?.nodes.get("no")?.because, { reason: "no_value", node_id: "if" });
});

Deno.test("checkInputs() does not call an input unused that an expression may use", () => {
  const workflow = sketch("a", { nodes: { a: { node_type: "test.closed", config: { value: "${{ inputs.v }}" } } } });
  const closed = defineNode({
    type: "test.closed",
    version: 1,
    summary: "Take nothing",
    category: "test",
    config: { value: z.unknown() },
    inputs: {},
    outputs: {},
    run: () => ({}),
  });
  assert.deepEqual(checkInputs(workflow, new NodeRegistry([closed]), { v: 1 }), []);
});
