import assert from "node:assert/strict";
import { parseTemplate } from "./template.ts";

function show(text: string): unknown[] {
  const { parts, problem } = parseTemplate(text);
  assert.equal(problem, undefined);
  return parts.map((part) => typeof part === "string" ? part : [part.text, part.offset]);
}

Deno.test("parseTemplate() cuts a text at its expressions and knows where they start", () => {
  assert.deepEqual(show("a ${{ inputs.x }} b ${{y}}"), ["a ", ["inputs.x", 6], " b ", ["y", 23]]);
  assert.equal(parseTemplate(" ${{ x }}\n").isWhole, true);
  assert.equal(parseTemplate("${{ x }}${{ y }}").isWhole, false);
  assert.equal(parseTemplate("-${{ x }}").isWhole, false);
});

Deno.test("parseTemplate() takes an escaped opening as text", () => {
  assert.deepEqual(show("$${{ x }}"), ["${{ x }}"]);
  assert.deepEqual(show("a $${{ ${{ x }} $$${{"), ["a ${{ ", ["x", 11], " $${{"]);
});

Deno.test("parseTemplate() does not end an expression in texts, quoted names, comments, patterns or objects", () => {
  for (
    const inner of [
      `"}}" & '}}' & "\\"}}"`,
      "nodes.`}}`.x",
      "1 /* }} */",
      "$match(x, /a\\}\\}b/)",
      `{"a": {"b": 1}}`,
      `{"a":{"b":{}}}`,
      "a / b",
      "x.{'k': y}",
    ]
  ) {
    assert.deepEqual(show(`<\${{ ${inner} }}>`), ["<", [inner, 5], ">"], inner);
    assert.deepEqual(show(`<\${{${inner}}}>`), ["<", [inner, 4], ">"], inner);
  }
});

Deno.test("parseTemplate() tells where something starts that has no end", () => {
  for (
    const [text, offset, what] of [
      ["ab ${{ x", 3, /}} is missing/],
      ["${{ 'x }}", 4, /text in quotes has no end/],
      ["${{ nodes.`x }}", 10, /quoted name has no end/],
      ["${{ 1 /* }}", 6, /comment has no end/],
      ["${{ f(/a }}", 6, /regular expression has no end/],
      ["${{ {'a': 1 }}", 0, /}} is missing/],
    ] as const
  ) {
    const { problem, isWhole } = parseTemplate(text);
    assert.equal(problem?.offset, offset, text);
    assert.match(problem?.message ?? "", what);
    assert.equal(isWhole, false);
  }
});
