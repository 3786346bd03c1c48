import assert from "node:assert/strict";
import { FlowError } from "./errors.ts";
import { compileExpression, loadExpressions } from "./expression.ts";
import { checkExpression } from "./expression_check.ts";
import { compileConfig } from "./expression_config.ts";
import { createScope, KNOWN } from "./expression_fixture.ts";
import { parseProgram } from "./expression_language.ts";
import { NEEDS_LANGUAGE, parsePath, walkPath } from "./expression_path.ts";
import { readResult } from "./expression_result.ts";
import type { Value } from "./value.ts";

await loadExpressions();

/** Set FUZZ_SEED to see one case again. */
const FIRST_SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const CASES = Deno.env.has("FUZZ_SEED") ? 1 : 10_000;

/** mulberry32: small, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = (
  "inputs nodes env secrets item index $ $$ % * ** .url .count .list .none .fetch .body .items .`a-b` .out .raw .id .x " +
  "[0] [-1] [x=1] [] [$] ( ) { } [ ] . , ; : := ? ?: ?? ~> + - * / = != < > <= & and or in | ^( ^(<x) @$i #$i 1 0 -2 1e9 " +
  "'a' \"b\" 'x}}' `q` true null {'then':/a/} {'__proto__':1} __proto__ constructor toString $eval $clone $x $x:= " +
  "function($x){ function($x,$y){$x} λ($x){ $map( $sum( $keys( $lookup( $string( $merge( $spread( $sort( $distinct( $pad( " +
  "$match( $replace( $split( $each( $sift( $reduce( $now() $single( /a/ /(a+)+/ /*c*/ /* \\ \u0000 \ud800 ü ${{ }} $${{ \n"
).split(" ");

function makeText(random: () => number, longest: number): string {
  const pick = () => PIECES[Math.floor(random() * PIECES.length)] ?? "";
  let text = "";
  for (let left = 1 + Math.floor(random() * longest); left > 0; left--) text += pick() + (random() < 0.2 ? " " : "");
  return text;
}

async function surviveAll(name: string, attempt: (random: () => number) => unknown): Promise<void> {
  const before = createScope();
  const prototype = Object.getOwnPropertyNames(Object.prototype).join();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    try {
      await attempt(createRandom(seed));
    } catch (thrown) {
      assert.ok(
        thrown instanceof FlowError && thrown.code === "expression_failed",
        `${name}, FUZZ_SEED=${seed}: ${thrown}`,
      );
    }
  }
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), prototype);
  assert.equal(Object.keys({}).length + Object.keys([]).length, 0);
  assert.deepEqual(SCOPE.inputs, before.inputs);
  assert.deepEqual(SCOPE.nodes, before.nodes);
}

const SCOPE = createScope();

Deno.test("random expressions are evaluated or refused, and change nothing outside", async () => {
  await surviveAll("expression", async (random) => {
    const text = makeText(random, 12);
    checkExpression(text, KNOWN);
    await compileExpression(text).evaluate(SCOPE, { timeoutMs: 20, maxBytes: 100_000 });
  });
});

Deno.test("random templates are evaluated or refused", async () => {
  await surviveAll("template", async (random) => {
    const text = () =>
      makeText(random, 3) + (random() < 0.8 ? `\${{ ${makeText(random, 4)} }}` : "") + makeText(random, 3);
    const config = { a: text(), b: [text(), { "__proto__x": text() }] };
    const compiled = compileConfig(config);
    compiled?.check(KNOWN);
    await compiled?.evaluate(SCOPE, { timeoutMs: 20, maxBytes: 100_000 });
  });
});

Deno.test("plain paths lead where JSONata leads", async () => {
  const leaf = (random: () => number, depth: number): Value => {
    const kind = Math.floor(random() * (depth > 3 ? 4 : 8));
    if (kind < 4) return [null, 0, "text", false][kind] ?? null;
    const items = Array.from({ length: Math.floor(random() * 3) }, () => leaf(random, depth + 1));
    return kind < 6 ? items : { a: leaf(random, depth + 1), b: items, "c d": leaf(random, depth + 1) };
  };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + Math.min(CASES, 3_000); seed++) {
    const random = createRandom(seed);
    const inputs = { a: leaf(random, 0), b: leaf(random, 0) };
    const steps = [".a", ".b", ".`c d`", "[0]", "[1]", "[-1]"];
    let text = "inputs.a";
    for (let left = random() * 5; left > 1; left--) text += steps[Math.floor(random() * steps.length)];
    const path = parsePath(text);
    assert.ok(path !== undefined, text);
    const walked = walkPath(path, inputs);
    if (walked === NEEDS_LANGUAGE) continue;
    const asked = readResult(await parseProgram(text).run({ inputs: structuredClone(inputs) }, 1000), 1e6);
    assert.deepEqual(walked, asked, `FUZZ_SEED=${seed}: ${text} of ${JSON.stringify(inputs)}`);
  }
});
