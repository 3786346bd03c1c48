import assert from "node:assert/strict";
import { createEngine } from "./engine.ts";
import type { StartOptions } from "./engine_options.ts";
import { FlowError } from "./errors.ts";
import { anyPorts, defineNode } from "./node.ts";
import { NodeRegistry } from "./registry.ts";
import { parseWorkflow } from "./parse.ts";
import type { Workflow } from "./workflow.ts";

const whole = {
  type: "my.node",
  version: 1,
  summary: "Test",
  category: "test",
  config: {},
  inputs: anyPorts(),
  outputs: anyPorts(),
  run: () => ({}),
};
const registry = new NodeRegistry([defineNode(whole)]);

async function startFailure(workflow: unknown, options?: unknown): Promise<FlowError> {
  const engine = createEngine({ registry });
  try {
    await engine.start(workflow as Workflow, options as StartOptions);
  } catch (error) {
    assert.ok(error instanceof FlowError, String(error));
    return error;
  } finally {
    await engine.close();
  }
  assert.fail("it started");
}

Deno.test("engine.start() refuses what is no checked workflow, and says where to get one", async () => {
  for (const workflow of [{}, null, undefined, "x", [], Promise.resolve({}), { nodes: [] }]) {
    const { code, message, hint } = await startFailure(workflow);
    assert.equal(code, "invalid_argument");
    assert.match(message, /^Cannot start .+: it is not a checked workflow$/);
    assert.match(hint ?? "", /parseWorkflow/);
  }
});

Deno.test("engine.start() refuses ids, times and inputs that cannot be, before anything is recorded", async () => {
  const workflow = await parseWorkflow({ nodes: [{ id: "a", node_type: "my.node" }] }, { registry });
  const bad = [
    ...["", "a\nb", "../../x", 5, null, "x".repeat(201)].map((execution_id) => ({ execution_id })),
    ...[0, -1, NaN, Infinity, "5"].map((timeoutMs) => ({ timeoutMs })),
    ...["x", [], null].map((inputs) => ({ inputs })),
  ];
  for (const options of bad) {
    const { code, message, hint } = await startFailure(workflow, options);
    const [name = ""] = Object.keys(options);
    assert.equal(code, "invalid_argument", message);
    assert.ok(message.startsWith("Cannot use ") && message.includes(` as ${name}`), message);
    assert.ok(hint);
  }
});

Deno.test("engine.start() refuses inputs that would not be the same after a crash", async () => {
  const workflow = await parseWorkflow({ nodes: [{ id: "a", node_type: "my.node" }] }, { registry });
  const circle: { a?: unknown } = {};
  circle.a = circle;
  const bad: [value: unknown, message: RegExp][] = [
    [new Date(), /^Cannot use input "x": it is an instance of Date$/],
    [[{ n: 1n }], /^Cannot use input "x": \[0\]\.n is the BigInt 1$/],
    [NaN, /it is NaN$/],
    [() => 1, /it is a function$/],
    [circle, /refers back to itself$/],
  ];
  for (const [x, expected] of bad) {
    const { code, message } = await startFailure(workflow, { inputs: { x } });
    assert.equal(code, "invalid_argument");
    assert.match(message, expected);
  }
});

Deno.test("defineNode() refuses what is no node type, and says which part is missing", () => {
  const define = (input: unknown) => () => defineNode(input as typeof whole);
  assert.throws(define({}), {
    code: "invalid_argument",
    message: "Cannot define node type: type is undefined",
    hint: 'Make type text such as "my.node".',
  });
  assert.throws(define(undefined), { code: "invalid_argument" });
  for (const key of Object.keys(whole)) {
    for (const value of [undefined, null, true]) {
      const expected = { code: "invalid_argument", message: new RegExp(`: ${key} is ${value}$`) };
      assert.throws(define({ ...whole, [key]: value }), expected);
    }
  }
});
