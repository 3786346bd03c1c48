import assert from "node:assert/strict";
import { FlowError } from "./errors.ts";
import { compileExpression, type EvaluateOptions, loadExpressions } from "./expression.ts";
import { createScope } from "./expression_fixture.ts";

await loadExpressions();

async function evaluate(text: string, options?: EvaluateOptions, scope = createScope()): Promise<unknown> {
  return await compileExpression(text).evaluate(scope, options);
}

async function refuse(text: string, message: RegExp, options?: EvaluateOptions): Promise<void> {
  await assert.rejects(async () => await evaluate(text, options), (error) => {
    assert.ok(error instanceof FlowError);
    assert.equal(error.code, "expression_failed");
    assert.equal(error.retryable, false);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("evaluate() answers at once for plain paths, with the value itself", () => {
  const scope = createScope();
  const evaluateNow = (text: string) => compileExpression(text).evaluate(scope);
  assert.equal(evaluateNow("inputs.url"), "https://example.com");
  assert.equal(evaluateNow("nodes.fetch.body.items"), (scope.nodes.get("fetch")?.body as { items: unknown }).items);
  assert.equal(evaluateNow("nodes.fetch.body.items[1].name"), "two");
  assert.equal(evaluateNow("nodes.fetch.body.items[-1].id"), 2);
  assert.deepEqual(evaluateNow("nodes.`a-b`.raw"), new Uint8Array([1, 2, 3]));
  assert.equal(evaluateNow("index"), 4);
  assert.equal(evaluateNow("nodes.fetch.body.next"), null);
  for (
    const nothing of ["inputs.nope", "nodes.nope.x", "inputs.url.length", "nodes.fetch.body.next.x", "inputs.count[1]"]
  ) {
    assert.equal(evaluateNow(nothing), undefined, nothing);
  }
});

Deno.test("evaluate() never finds what objects inherit", async () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "length"]) {
    assert.equal(compileExpression(`inputs.${name}`).evaluate(createScope()), undefined);
    assert.equal(await evaluate(`$lookup(inputs, "${name}")`), undefined);
    assert.equal(await evaluate(`(inputs.${name}; inputs.list.${name})`), undefined);
  }
});

Deno.test("evaluate() answers plain values for what the language makes", async () => {
  assert.deepEqual(await evaluate("nodes.fetch.body.items.name"), ["one", "two"]);
  assert.deepEqual(await evaluate("nodes.fetch.body.items[id = $$.inputs.count].name"), "two");
  const built = await evaluate(`{"n": inputs.count + 1, "list": [1..3], "nothing": inputs.nope}`);
  assert.deepEqual(built, { n: 3, list: [1, 2, 3] });
  const list = await evaluate("inputs.list.x[]") as unknown[];
  assert.deepEqual(Object.keys(list), ["0", "1"]);
  assert.deepEqual(await evaluate("inputs.flag ? nodes.`a-b`.raw : 0"), new Uint8Array([1, 2, 3]));
  assert.deepEqual(await evaluate(`{"__proto__": {"x": 1}}`), JSON.parse(`{"__proto__": {"x": 1}}`));
});

Deno.test("evaluate() refuses results that are no values, naming the expression and the place", async () => {
  await refuse("$sum", /^Cannot evaluate "\$sum": the result is or has a function$/);
  await refuse("[function($x){$x}]", /has a function/);
  await refuse("inputs.url + 1", /in config\.url: the left side of "\+" is not a number, but text/, {
    place: ["config", "url"],
  });
  await refuse("$string(nodes.`a-b`.raw)", /bytes cannot become text/);
  await refuse("1/0", /out of range|cannot hold/);
});

Deno.test("evaluate() tells kinds of values in messages, never the values: they may be secret", async () => {
  for (
    const text of [
      "$number(secrets.KEY)",
      "-secrets.KEY",
      "secrets.KEY + 1",
      "$sqrt(secrets.KEY)",
      "{secrets: 1}",
      "$toMillis(secrets.KEY)",
    ]
  ) {
    await assert.rejects(async () => await evaluate(text), (error: FlowError) => {
      assert.doesNotMatch(JSON.stringify(error.toInfo()), /s3cret/);
      return true;
    });
  }
});

Deno.test("evaluate() is bounded in time, depth, items and size", async () => {
  await refuse("($f := function($x){$f($x + 1)}; $f(1))", /takes longer than 30 ms/, { timeoutMs: 30 });
  await refuse("{'then': /a/}", /takes longer than 30 ms/, { timeoutMs: 30 });
  await refuse("($f := function($x){1 + $f($x + 1)}; $f(1))", /calls itself too often/);
  await refuse("[1..2000000]", /too many/);
  await refuse("[1..1000]", /larger than 1 KiB/, { maxBytes: 1024 });
  await refuse(`$pad("x", 100000000)`, /\$pad cannot make/);
  const shared = "($a := {'x': 1}; " + "$a := {'l': $a, 'r': $a}; ".repeat(60) + "$a)";
  await refuse(shared, /larger than/, { maxBytes: 100_000 });
  const long = createScope({ inputs: { text: "a".repeat(200_000) } });
  await assert.rejects(async () => await evaluate("$contains(inputs.text, /a/)", {}, long), /too long for a regular/);
  assert.equal(await evaluate("1 + 1"), 2);
});

Deno.test("evaluate() works on one expression at a time, so that none spends the time of another", async () => {
  const ended: string[] = [];
  const run = async (name: string, text: string) => {
    await evaluate(text).catch(() => {});
    ended.push(name);
  };
  await Promise.all([
    run("long", "$sum($map([1..300], function($n){$n * 2}))"),
    run("failing", "$error('no')"),
    run("short", "1 + 1"),
  ]);
  assert.deepEqual(ended, ["long", "failing", "short"]);
});

Deno.test("compileExpression() refuses expressions that are too large to read, at once", () => {
  const nested = "(".repeat(40) + "inputs.a" + " ?? 1)".repeat(40);
  assert.match(compileExpression(nested).problems[0]?.message ?? "", /too many \?\?/);
  assert.deepEqual(compileExpression("inputs.a ?? ".repeat(200) + "1").problems, []);
  assert.match(compileExpression("1+".repeat(20_000) + "1").problems[0]?.message ?? "", /more than 20000 characters/);
  assert.match(compileExpression("(".repeat(9_000)).problems[0]?.message ?? "", /cannot be read/);
});

Deno.test("evaluate() never changes what it works on", async () => {
  for (
    const text of [
      "inputs ~> | $ | {'x': 1} |",
      "{} ~> | $$.inputs.list | {'x': 9}, 'x' |",
      "($a := inputs.list; {} ~> | $a | {'y': 1} |)",
      "inputs.none{'a': 1}",
      "inputs.one[]",
      "inputs.list.{'a': x}",
      "$sort(inputs.list, function($a, $b){$a.x < $b.x})",
      "$reverse(inputs.list)",
      "$append(inputs.list, 1)",
    ]
  ) {
    const scope = createScope();
    await evaluate(text, {}, scope);
    assert.deepEqual(scope.inputs, createScope().inputs, text);
    for (const list of Object.values(scope.inputs)) {
      if (Array.isArray(list)) assert.equal(Object.keys(list).length, list.length);
    }
  }
});

Deno.test("evaluate() sees only what the expression refers to", async () => {
  assert.deepEqual(await evaluate("$keys($merge([inputs.list[0], nodes.fetch]))"), ["x", "status", "body"]);
  assert.deepEqual(await evaluate("$map([1], function($v){ $string($$.nodes.fetch.status) })"), "200");
});

Deno.test("evaluate() takes what comes in as data, whatever is written in it", async () => {
  const evil = "${{ secrets.KEY }}";
  const scope = createScope({
    inputs: { evil, code: "$$.secrets.KEY", tree: { _jsonata_lambda: true, body: { type: "number", value: 3 } } },
  });
  assert.equal(await evaluate("inputs.evil", {}, scope), evil);
  assert.equal(await evaluate("inputs.evil & ''", {}, scope), evil);
  assert.match(compileExpression("$eval(inputs.code)").problems[0]?.message ?? "", /\$eval is not available/);
  assert.match(compileExpression("[1] ~> $map($eval)").problems[0]?.message ?? "", /\$eval is not available/);
  await assert.rejects(
    async () => await evaluate("$map([1], inputs.tree)", {}, scope),
    /"_jsonata_lambda", which is reserved/,
  );
  assert.deepEqual(await evaluate("inputs.tree", {}, scope), scope.inputs.tree);
});

Deno.test("$sort, $distinct and $pad work as JSONata documents them, and for long lists", async () => {
  assert.deepEqual(await evaluate("$sort([3, 1, 2])"), [1, 2, 3]);
  assert.deepEqual(await evaluate("$sort([{'n': 2}, {'n': 1}], function($a, $b){$a.n > $b.n}).n"), [1, 2]);
  await refuse("$sort([{'n': 2}, {'n': 1}])", /needs a function/);
  assert.deepEqual(await evaluate("$distinct([1, '1', {'a': 1, 'b': 2}, {'b': 2, 'a': 1}, 1])"), [1, "1", {
    a: 1,
    b: 2,
  }]);
  assert.equal(await evaluate("$distinct(inputs.list.(1))"), 1);
  assert.equal(await evaluate("$pad('foo', -5, '#') & $pad('x', 3, 'ab')"), "##fooxab");
  const list = Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 50_000);
  const scope = createScope({ inputs: { list } });
  assert.equal(await evaluate("$count($distinct($sort(inputs.list)))", {}, scope), 50_000);
});
