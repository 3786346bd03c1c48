import assert from "node:assert/strict";
import * as z from "zod";
import { defineNode } from "../../engine/node.ts";
import { NodeRegistry } from "../../engine/registry.ts";
import { createWorkflow } from "../../tests/support/events.ts";
import { createStyle } from "../style.ts";
import { formatResult, formatResultJson } from "./result.ts";

const registry = new NodeRegistry([defineNode({
  type: "test.node",
  version: 1,
  summary: "Answer",
  category: "test",
  config: {},
  inputs: {},
  outputs: { output: z.string(), stdout: z.string() },
  run: () => ({}),
})]);

const outputs = {
  a: {
    code: 0,
    empty: "",
    nothing: null,
    again: 0,
    stdout: `one\ntwo\x1b[2J${" and more".repeat(5)}`,
    output: `one\ntwo\x1b[2J${" and more".repeat(5)}`,
    bytes: Uint8Array.of(1, 2),
  },
  b: { object: { x: [1, 2] }, long: Array.from({ length: 30 }, (_, n) => `line ${n}`).join("\n") },
};

Deno.test("formatResult() shows what there is to see, the first declared port first", () => {
  const lines = formatResult(createWorkflow(["a", "b"]), registry, outputs, createStyle(false)).split("\n");
  assert.deepEqual(lines.slice(0, 13), [
    "a",
    "  output:",
    "    one",
    "    two and more and more and more and more and more",
    "  stdout: same as output",
    "  code: 0",
    "  nothing: null",
    "  again: 0",
    "  bytes: 2 bytes",
    "b",
    '  object: {"x":[1,2]}',
    "  long:",
    "    line 0",
  ]);
  assert.equal(lines.at(-2), "    … and 10 more lines");
});

Deno.test("formatResultJson() gives programs everything", () => {
  const json = JSON.parse(formatResultJson(outputs));
  assert.deepEqual(json, { ...outputs, a: { ...outputs.a, bytes: { $bytes: "AQI=" } } });
});
