import assert from "node:assert/strict";
import { compileExpression, loadExpressions } from "./expression.ts";
import { checkExpression } from "./expression_check.ts";
import { KNOWN } from "./expression_fixture.ts";
import { FUNCTION_NAMES } from "./expression_variables.ts";
import { createScope } from "./expression_fixture.ts";

await loadExpressions();

/** `nodes.fetch.body@4`: root, names, and where it starts. */
function references(text: string): string[] {
  const { references, problems } = compileExpression(text);
  assert.deepEqual(problems, [], text);
  return references.map(({ root, names, offset }) => `${[root, ...names.map(({ name }) => name)].join(".")}@${offset}`);
}

function problems(text: string, known = KNOWN): string[] {
  return checkExpression(text, known).map(({ code, offset }) => `${code}@${offset}`);
}

Deno.test("references are found wherever the context is the whole scope", () => {
  assert.deepEqual(references("nodes.fetch.body.items[0].id"), ["nodes.fetch.body.items@0"]);
  assert.deepEqual(references("inputs.a + nodes.`a-b`.out"), ["inputs.a@0", "nodes.a-b.out@11"]);
  assert.deepEqual(references("{'k': [env.HOME, (secrets.KEY)]}"), ["env.HOME@7", "secrets.KEY@18"]);
  assert.deepEqual(references("$map([1], function($v){ $v + inputs.a })"), ["inputs.a@29"]);
  assert.deepEqual(references("inputs.a ? nodes.x.y : item.z ?? 1"), ["inputs.a@0", "nodes.x.y@11", "item.z@23"]);
  assert.deepEqual(references("($x := nodes.x.y; $x.inputs.z)"), ["nodes.x.y@7"]);
  assert.deepEqual(references(`nodes."my node".out ~> $sum`), ["nodes.my node.out@0"]);
  assert.deepEqual(references("$$.inputs.a & $.inputs.b"), ["inputs.a@3", "inputs.b@16"]);
  assert.deepEqual(references("inputs@$i.nodes.x.y"), ["inputs@0", "nodes.x.y@10"]);
});

Deno.test("names within filters, steps, sort terms and groups are properties of items, but $$ leads out", () => {
  assert.deepEqual(references("inputs.list[nodes = env].secrets"), ["inputs.list@0"]);
  assert.deepEqual(references("inputs.list.(nodes)"), ["inputs.list@0"]);
  assert.deepEqual(references("inputs.list^(>nodes, env)"), ["inputs.list@0"]);
  assert.deepEqual(references("inputs.list{nodes: $sum(env)}"), ["inputs.list@0"]);
  assert.deepEqual(references("inputs.a ~> |nodes|{'x': env}|"), ["inputs.a@0"]);
  assert.deepEqual(references("inputs.list[id = $$.nodes.x.y]"), ["inputs.list@0", "nodes.x.y@20"]);
});

Deno.test("what an expression depends on has to be known before the run", () => {
  for (
    const text of [
      "nodes",
      "secrets",
      "env",
      "$$",
      "$",
      "*",
      "**",
      "**.x",
      "nodes.*",
      "nodes.**",
      "nodes[$v = 1]",
      "nodes[0].x.y",
      "$lookup(nodes, 'a')",
      "$lookup('nodes')",
      "$keys()",
      "$string()",
      "nodes ~> $keys",
      "$$ ~> $string",
      "nodes.('a')",
      "($n := nodes; $n.a.b)",
      "$map(['a'], function($v){ $lookup($$, $v) })",
      "inputs.list[$$]",
      "secrets.%",
      "inputs.x.%.%.nodes",
      "nodes.a.b.%.%.%.secrets",
      "$merge([$$, 1])",
      "{'a': $}",
      "inputs.list.($$.nodes)",
      "nodes@$n.inputs.a",
      "inputs@$i.nodes",
      "$each(function($v, $k){$k})",
    ]
  ) {
    const codes = checkExpression(text, KNOWN).map(({ code }) => code);
    assert.ok(codes.includes("dynamic_reference") || codes.includes("invalid_expression"), `${text}: ${codes}`);
  }
});

Deno.test("% may lead up as far as names are given", () => {
  assert.deepEqual(references("nodes.fetch.body.items.{'next': %.next}"), ["nodes.fetch.body.items@0"]);
  assert.deepEqual(references("inputs.order.lines.{'id': %.id}"), ["inputs.order.lines@0"]);
});

Deno.test("checkExpression() says what is wrong, where, and what was probably meant", () => {
  const [problem] = checkExpression("1 + nodes.ftch.body", KNOWN);
  assert.deepEqual(problem, {
    code: "unknown_node",
    message: 'There is no node "ftch"',
    hint: 'Did you mean "fetch"?',
    offset: 10,
  });
  assert.deepEqual(problems("nodes.fetch.bdy"), ["unknown_port@12"]);
  assert.deepEqual(problems("nodes.fetch.status & nodes.fetch.error"), []);
  assert.deepEqual(problems("inputs.ulr"), ["unknown_input@7"]);
  assert.deepEqual(problems("env.PATH & secrets.NOPE"), ["unknown_name@4", "unknown_name@19"]);
  assert.deepEqual(problems("inpts.url"), ["unknown_name@0"]);
  assert.deepEqual(problems("item.x"), ["unknown_name@0"]);
  assert.deepEqual(problems("item.x", { ...KNOWN, hasItem: true }), []);
  assert.deepEqual(problems("attempt", { ...KNOWN, hasAttempt: false }), ["unknown_name@0"]);
  assert.deepEqual(problems("inputs.any", { ...KNOWN, inputs: "any" }), []);
  assert.match(checkExpression("nodes.a-b.out", KNOWN)[1]?.hint ?? "", /nodes\.`a-b`/);
  assert.match(checkExpression("uppercase(inputs.url)", KNOWN)[0]?.hint ?? "", /"\$uppercase"/);
  assert.match(checkExpression("$uppercas(inputs.url)", KNOWN)[0]?.hint ?? "", /"\$uppercase"/);
});

Deno.test("checkExpression() refuses what cannot be read, or would make code of data or change functions", () => {
  for (
    const [text, offset] of [
      ["1 +", 2],
      ["inputs.url url", 11],
      ["$match(inputs.url, /(a+)+b/)", 19],
      ["$match(inputs.url, /a/) ?? 1", 19],
      ["$eval('1')", 0],
      ["($clone := 1; 2)", 8],
      ["function($$){1}", 8],
      ["($eval := 1)", 1],
      ["inputs.list@$clone.x", 7],
      ["", 0],
    ] as const
  ) {
    const [problem] = checkExpression(text, KNOWN);
    assert.equal(problem?.code, "invalid_expression", text);
    assert.equal(problem.offset, offset, `${text}: ${problem.message}`);
  }
});

Deno.test("every function that expressions may call exists", async () => {
  for (const name of FUNCTION_NAMES) {
    const type = await compileExpression(`$type($${name})`).evaluate(createScope());
    assert.equal(type, "function", name);
  }
});
