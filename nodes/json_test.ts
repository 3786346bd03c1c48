import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { Value } from "../engine/value.ts";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { runNode } from "../tests/support/node_harness.ts";
import { jsonParse } from "./json_parse.ts";
import { jsonStringify } from "./json_stringify.ts";

nodeContract({ definition: jsonParse, quick: { inputs: { json: "[1]" } }, refused: [] });
nodeContract({ definition: jsonStringify, quick: { inputs: { value: [1] } }, refused: [{ pretty: "yes" }] });

async function parse(json: Value): Promise<Value | undefined> {
  return (await runNode(jsonParse, { inputs: { json } })).outputs["parsed"];
}

Deno.test("jsonParse reads text and bytes, and passes on what is structured", async () => {
  assert.deepEqual(await parse('{"a": [1, null]}'), { a: [1, null] });
  assert.deepEqual(await parse(new TextEncoder().encode('\uFEFF"ä"')), "ä");
  assert.deepEqual(await parse("\uFEFF1"), 1);
  assert.deepEqual(await parse({ a: 1 }), { a: 1 });
  assert.equal(await parse(false), false);
  assert.equal(await parse(null), null);
});

Deno.test("jsonParse says what is wrong and where, and that trying again is of no use", async () => {
  const faults: [Value, RegExp][] = [
    ['{"a": x}', /found "x", at line 1:7$/],
    ["{ s3cr3t/Pass", /found "s3c…", at line 1:3$/],
    ['{\n  "a": 1\n  "b": 2\n}', /at line 3:3$/],
    ['{"a": 1,}', /at line 1:9$/],
    ["[1 // one\n]", /at line 1:4$/],
    ["[1, 2", /end of the text, at line 1:6$/],
    ["", /the text is empty$/],
    [new Uint8Array([0xff, 0xfe]), /not UTF-8$/],
    ["[".repeat(100_000), /./],
  ];
  for (const [json, message] of faults) {
    await assert.rejects(parse(json), (error) => {
      assert.ok(error instanceof FlowError);
      assert.equal(error.code, "invalid_input");
      assert.equal(error.retryable, false);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("jsonParse makes an own property of __proto__", async () => {
  const parsed = await parse('{"__proto__": {"admin": true}}');
  assert.deepEqual(Object.keys(parsed as object), ["__proto__"]);
  assert.equal((parsed as { admin?: unknown }).admin, undefined);
});

Deno.test("jsonStringify indents by two spaces unless pretty is false", async () => {
  const inputs = { value: { a: [1], raw: new Uint8Array([1, 2]) } };
  const pretty = await runNode(jsonStringify, { inputs: { value: { a: 1 } } });
  assert.equal(pretty.outputs["json"], '{\n  "a": 1\n}');
  const dense = await runNode(jsonStringify, { inputs, config: { pretty: false } });
  assert.equal(dense.outputs["json"], '{"a":[1],"raw":{"$bytes":"AQI="}}');
});
