import assert from "node:assert/strict";
import { compileCondition } from "./expression_condition.ts";
import { compileConfig, loadLanguageFor } from "./expression_config.ts";
import { FlowError } from "./errors.ts";
import { createScope, KNOWN } from "./expression_fixture.ts";
import type { Values } from "./value.ts";

async function evaluate(config: Values): Promise<Values> {
  await loadLanguageFor(config);
  return await compileConfig(config)?.evaluate(createScope()) ?? config;
}

Deno.test("compileConfig() answers nothing for a config without expressions", () => {
  assert.equal(compileConfig({ a: "x", "${{ key }}": [1, { b: "$ {{ }}" }], c: new Uint8Array(3) }), undefined);
});

Deno.test("a string that is one expression keeps the type of its value; others become text", async () => {
  assert.deepEqual(
    await evaluate({
      whole: "${{ inputs.count }}",
      padded: " ${{ inputs.list }}\n",
      bytes: "${{ nodes.`a-b`.raw }}",
      nothing: "${{ inputs.nope }}",
      text:
        "n=${{ inputs.count }} l=${{ inputs.list }} x=${{ inputs.nope }}${{ nodes.fetch.body.next }} ${{ inputs.flag }}",
      escaped: "$${{ inputs.count }}",
      deep: [{ "${{ key }}": ["${{ nodes.fetch.body.items.id }}"] }],
    }),
    {
      whole: 2,
      padded: [{ x: 1 }, { x: 2 }],
      bytes: new Uint8Array([1, 2, 3]),
      nothing: null,
      text: 'n=2 l=[{"x":1},{"x":2}] x= true',
      escaped: "${{ inputs.count }}",
      deep: [{ "${{ key }}": [[1, 2]] }],
    },
  );
});

Deno.test("evaluate() answers at once if all expressions are plain paths, and shares what has none", () => {
  const config = { a: "${{ inputs.url }}/x", rest: { b: [1] }, list: ["${{ index }}", { c: 1 }] };
  const result = compileConfig(config)?.evaluate(createScope()) as Values;
  assert.deepEqual(result, { a: "https://example.com/x", rest: { b: [1] }, list: [4, { c: 1 }] });
  assert.equal(result.rest, config.rest);
  assert.deepEqual(config.list[0], "${{ index }}");
});

Deno.test("evaluate() does not evaluate what its expressions answer", async () => {
  const scope = createScope({ inputs: { evil: "${{ secrets.KEY }}", more: { deep: "${{ secrets.KEY }}" } } });
  const compiled = compileConfig({ a: "${{ inputs.evil }}", b: "x ${{ inputs.evil }}", c: "${{ inputs.more }}" });
  assert.deepEqual(await compiled?.evaluate(scope), {
    a: "${{ secrets.KEY }}",
    b: "x ${{ secrets.KEY }}",
    c: { deep: "${{ secrets.KEY }}" },
  });
});

Deno.test("keys such as __proto__ in a config are names like any other", async () => {
  const config = JSON.parse('{"__proto__": {"x": "${{ inputs.count }}"}, "constructor": "${{ inputs.count }}"}');
  assert.equal(JSON.stringify(await evaluate(config)), '{"__proto__":{"x":2},"constructor":2}');
  assert.equal(({} as Values).x, undefined);
});

Deno.test("compileConfig() knows the places: references, holes and mistakes", async () => {
  const config = {
    url: "${{ inputs.ulr }}",
    args: ["a", "x ${{ nodes.fetch.bdy + }}", "${{ 1", "v${{ nodes.fetch.bdy }}"],
  };
  await loadLanguageFor(config);
  const compiled = compileConfig(config);
  assert.deepEqual(compiled?.holes, [["url"]]);
  assert.deepEqual(compiled.references.map(({ path, offset, isInterpolated }) => [path, offset, isInterpolated]), [
    [["url"], 4, false],
    [["args", 3], 5, true],
  ]);
  assert.deepEqual(compiled.check(KNOWN).map(({ code, path, offset }) => [code, path, offset]), [
    ["invalid_expression", ["args", 1], 22],
    ["invalid_expression", ["args", 2], 0],
    ["unknown_input", ["url"], 11],
    ["unknown_port", ["args", 3], 17],
  ]);
});

Deno.test("evaluate() fails with the expression and its place, also if several fail", async () => {
  for (const bad of ["${{ inputs.url + 1 }}", "x ${{ nodes.`a-b`.raw }}", "${{ 1 +", "${{ nodes }}"]) {
    const config = { headers: { first: "${{ inputs.count - 'x' }}", second: bad } };
    await loadLanguageFor(config);
    await assert.rejects(
      async () => await compileConfig(config)?.evaluate(createScope(), { place: ["config"] }),
      (error) => {
        assert.ok(error instanceof FlowError);
        assert.equal(error.code, "expression_failed");
        assert.match(error.message, /in config\.headers\.(first|second): /);
        return true;
      },
    );
  }
});

Deno.test("compileCondition() reads expressions with and without braces, and decides like $boolean", async () => {
  const scope = createScope();
  for (
    const [text, expected] of [
      ["inputs.count > 1", true],
      ["${{ inputs.count > 2 }}", false],
      ["inputs.none", false],
      ["inputs.nope", false],
      ["nodes.fetch.body", true],
      ["[0, '', {}]", false],
      ["[0, 1]", true],
      ["'x'", true],
      ["null", false],
      [" true ", true],
      ["nodes.fetch.status = 200 and inputs.flag", true],
    ] as const
  ) {
    await loadLanguageFor(undefined, [text]);
    assert.equal(await compileCondition(text).evaluate(scope), expected, text);
  }
});

Deno.test("compileCondition() refuses text around an expression, and points into the text", async () => {
  await loadLanguageFor(undefined, ["$not(inputs.flag)"]);
  assert.match(compileCondition("not ${{ inputs.flag }}").problems[0]?.message ?? "", /mixes an expression with text/);
  assert.throws(() => compileCondition("${{ inputs.flag").evaluate(createScope()), /}} is missing/);
  assert.deepEqual(compileCondition("  ${{ inputs.nope }}").check(KNOWN).map(({ offset }) => offset), [13]);
  assert.deepEqual(compileCondition("  inputs.nope").check(KNOWN).map(({ offset }) => offset), [9]);
});
