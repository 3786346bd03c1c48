import assert from "node:assert/strict";
import { checkInputs } from "./check_inputs.ts";
import { resolveInputs } from "./declared_inputs.ts";
import { formatIssue, WorkflowError } from "./issue.ts";
import { parseWorkflow } from "./parse.ts";
import { NodeRegistry } from "./registry.ts";
import type { Values } from "./value.ts";
import type { InputSpec } from "./workflow.ts";

async function declare(inputs: unknown) {
  return await parseWorkflow({ id: "w", nodes: [], inputs } as object);
}

async function check(inputs: unknown, given: Values): Promise<string[]> {
  const issues = checkInputs(await declare(inputs), new NodeRegistry(), given);
  return issues.map((issue) => `${formatIssue(issue)} | ${issue.hint}`);
}

Deno.test("checkInputs() names the flag to pass for an input that is missing", async () => {
  const declared = {
    count: { type: "integer", description: "How many" },
    note: { required: false },
    tag: { default: "x" },
  };
  assert.deepEqual(await check(declared, {}), [
    'Input "count" is missing (How many) | Pass an integer: --set count=1',
  ]);
  assert.deepEqual(await check(declared, { count: 3 }), []);
});

Deno.test("checkInputs() refuses what is not of the declared type, format or choice", async () => {
  const declared = {
    n: { type: "number" },
    day: { type: "string", format: "date" },
    size: { enum: ["small", "large"] },
    list: { type: "array" },
  };
  assert.deepEqual(await check(declared, { n: "1", day: "tomorrow", size: "huge", list: {} }), [
    'Input "n" is "1", expected a number | Pass a number: --set n=1.5',
    'Input "day" is "tomorrow", expected text in the form of 2026-01-31 | Pass text in the form of 2026-01-31: --set day=2026-01-31',
    'Input "size" is "huge", expected one of "small" or "large" | Pass a value: --set size=small',
    "Input \"list\" is an object, expected a list | Pass a list: --set list='[1, 2]'",
  ]);
  assert.deepEqual(await check(declared, { n: 1, day: "2026-02-28", size: "small", list: [] }), []);
});

Deno.test("checkInputs() refuses an input that is not declared, and guesses what was meant", async () => {
  assert.deepEqual(await check({ count: { default: 1 } }, { cuont: 2 }), [
    'The workflow has no input "cuont" | Did you mean "count"?',
  ]);
});

Deno.test("parseWorkflow() checks declarations: types, keys, and that a default fits", async () => {
  const wrong = { a: { type: "text" }, b: { type: "integer", default: 1.5 }, c: { defualt: 1 } };
  const error = await declare(wrong).then(() => undefined, (error) => error);
  assert.ok(error instanceof WorkflowError);
  assert.deepEqual(error.issues.map((issue) => issue.path.join(".")), [
    "inputs.a.type",
    "inputs.b.default",
    "inputs.c.defualt",
  ]);
});

Deno.test("resolveInputs() fills in defaults and leaves the rest as it is", () => {
  const specs: Record<string, InputSpec> = {
    a: { type: "number", default: 1, required: false },
    b: { type: "any", required: false },
  };
  assert.deepEqual(resolveInputs(specs, {}), { a: 1 });
  assert.deepEqual(resolveInputs(specs, { a: 2, b: null }), { a: 2, b: null });
  assert.deepEqual(resolveInputs(undefined, { any: "thing" }), { any: "thing" });
});
