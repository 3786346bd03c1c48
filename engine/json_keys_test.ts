import assert from "node:assert/strict";
import { isParsedInFull } from "./json_keys.ts";

function isInFull(text: string): boolean {
  return isParsedInFull(text, JSON.parse(text), 5);
}

Deno.test("isParsedInFull() notices every key that is there twice, but not what only looks like one", () => {
  const full = [
    "{}",
    "null",
    '"a"',
    '{"a": 1, "b": {"a": [{"a": "x"}]}}',
    '{"a"\n\t :1, "A": 2, "__proto__": 3}',
    String.raw`{"script": "echo '{\"a\": 1, \"a\" : 2}' :", "": "a:"}`,
    String.raw`{"ends in \\": 1, "ends in \\\"": "\\", "b:": "\":"}`,
  ];
  for (const text of full) assert.equal(isInFull(text), true, text);
  const twice = [
    '{"a": 1, "a": 1}',
    '[{"x": {"a": 1, "b": {}, "a": 2}}]',
    '{"a": {"b": 1}, "a": 1}',
    String.raw`{"a\\": 1, "a\\": 2}`,
    String.raw`{"a": 1, "\u0061": 2}`,
    '{"__proto__": 1, "__proto__": 2}',
  ];
  for (const text of twice) assert.equal(isInFull(text), false, text);
});

Deno.test("isParsedInFull() is false for what is nested too deep", () => {
  assert.equal(isInFull("[[[[[]]]]]"), true);
  assert.equal(isInFull("[[[[[[]]]]]]"), false);
});
