import assert from "node:assert/strict";
import * as z from "zod";
import { anyPorts, defineNode, hasPort, isRequiredPort, selectInputs } from "./node.ts";
import type { Value } from "./value.ts";

const about = { type: "test.node", version: 1, summary: "Test", category: "test" };

/** Compiles only if both types are the same. */
function sameType<A, B>(
  ..._proof: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? [] : [never]
) {}

// What follows is checked by the compiler: each `@ts-expect-error` is an error if the line below it is none.

Deno.test("defineNode(): run() sees config and inputs as their schemas parse them", () => {
  defineNode({
    ...about,
    config: { count: z.number().default(1), mode: z.enum(["a", "b"]), note: z.string().optional() },
    inputs: { text: z.string(), extra: z.number().optional(), when: z.string().transform(Number) },
    outputs: { out: z.string() },
    run({ config, inputs, sleep }) {
      sameType<typeof config.count, number>();
      sameType<typeof config.mode, "a" | "b">();
      sameType<typeof config.note, string | undefined>();
      sameType<typeof inputs.text, string>();
      sameType<typeof inputs.extra, number | undefined>();
      sameType<typeof inputs.when, number>();
      // @ts-expect-error: there is no such config
      void config.typo;
      // @ts-expect-error: there is no such input
      void inputs.typo;
      // @ts-expect-error: nobody may replace what a node was given
      config = {};
      // @ts-expect-error: milliseconds are a number
      void (() => sleep("1s"));
      return { out: inputs.text };
    },
  });
});

Deno.test("defineNode(): run() has to answer what the node declares", () => {
  const ports = { config: {}, inputs: {}, outputs: { out: z.string(), count: z.number() } };
  defineNode({ ...about, ...ports, run: () => ({ out: "x", count: 1 }) });
  defineNode({ ...about, ...ports, run: () => Promise.resolve({ out: "x" }) });
  defineNode({ ...about, ...ports, run: () => ({}) });
  // @ts-expect-error: `out` is text
  defineNode({ ...about, ...ports, run: () => ({ out: 1 }) });
  // @ts-expect-error: `out` is text, also later
  defineNode({ ...about, ...ports, run: () => Promise.resolve({ out: 1 }) });
  // @ts-expect-error: outputs are an object
  defineNode({ ...about, ...ports, run: () => "x" });
});

Deno.test("defineNode(): open ports take any value of any name, and keep the types of those that they know", () => {
  defineNode({
    ...about,
    config: {},
    inputs: anyPorts({ known: z.number() }),
    outputs: anyPorts({ known: z.number() }),
    run({ inputs }) {
      sameType<typeof inputs.known, number>();
      const other = inputs["other"];
      sameType<typeof other, Value | undefined>();
      return { known: inputs.known + 1, any: ["thing"] };
    },
  });
  const closed = { ...about, config: {}, inputs: {} };
  // @ts-expect-error: `known` is a number
  defineNode({ ...closed, outputs: anyPorts({ known: z.number() }), run: () => ({ known: "x" }) });
  // @ts-expect-error: a Date is no value
  defineNode({ ...closed, outputs: anyPorts(), run: () => ({ any: new Date() }) });
  // @ts-expect-error: a node without a version cannot be cached
  const define = () => defineNode({ ...closed, version: undefined, outputs: {}, run: () => ({}) });
  assert.throws(define, { code: "invalid_argument" });
});

Deno.test("defineNode() answers a definition that nobody can change, whose config is strict", () => {
  const node = defineNode({ ...about, config: { n: z.number().default(2) }, inputs: {}, outputs: {}, run: () => ({}) });
  assert.ok(Object.isFrozen(node));
  assert.deepEqual(node.config.parse({}), { n: 2 });
  assert.equal(node.config.safeParse({ m: 1 }).success, false);
});

Deno.test("defineNode() refuses what is no type of zod 4, also what comes later", () => {
  const old = { _def: { typeName: "ZodNumber" }, parse: () => 1 } as unknown as z.ZodType;
  const parts = { config: {}, inputs: {}, outputs: {}, run: () => ({}) };
  const is = (message: string) => ({
    code: "invalid_argument",
    message: `Cannot define node type "${about.type}": ${message}, not a type of zod 4`,
  });
  assert.throws(() => defineNode({ ...about, ...parts, config: { x: old } }), is('config "x" is a type of zod 3'));
  assert.throws(() => defineNode({ ...about, ...parts, inputs: { x: old } }), is('input "x" is a type of zod 3'));
  const text = "string" as unknown as z.ZodType;
  assert.throws(
    () => defineNode({ ...about, ...parts, outputs: anyPorts({ x: text }) }),
    is('output "x" is "string"'),
  );
  const whole = z.object({ x: z.string() }) as unknown as Record<string, z.ZodType>;
  assert.throws(() => defineNode({ ...about, ...parts, config: whole }), /the types of config by name is one type$/);
  assert.throws(() => defineNode({ ...about, ...parts, version: 0 }), /version is 0$/);
  const late = defineNode({ ...about, ...parts, config: () => ({ x: old }), outputs: () => ({ y: text }) });
  assert.throws(() => late.config, is('config "x" is a type of zod 3'));
  assert.throws(() => late.outputs, is('output "y" is "string"'));
});

Deno.test("isRequiredPort() asks whether the node could do without a value", () => {
  const ports = anyPorts({
    must: z.string(),
    may: z.string().optional(),
    has: z.string().default("x"),
    any: z.unknown(),
  });
  const required = ["must", "may", "has", "any", "unknown", "toString"].filter((name) => isRequiredPort(ports, name));
  assert.deepEqual(required, ["must"]);
});

Deno.test("hasPort() and selectInputs() know declared ports, and any other of open ones", () => {
  const closed = { shape: { known: z.string() }, open: false };
  assert.deepEqual(["known", "other", "toString"].map((name) => hasPort(closed, name)), [true, false, false]);
  assert.equal(hasPort(anyPorts(), "other"), true);
  assert.deepEqual(selectInputs(closed, { known: 1, other: 2 }), { known: 1 });
  assert.deepEqual(selectInputs(anyPorts(), { known: 1, other: 2 }), { known: 1, other: 2 });
});
