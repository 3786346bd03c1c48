import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { createPlatform } from "../platform/deno.ts";
import { createContext } from "./context.ts";
import { type InputFlags, readInputs } from "./read_inputs.ts";

const context = createContext(createPlatform());

function read(flags: InputFlags) {
  return readInputs(context, flags);
}

async function explain(flags: InputFlags): Promise<string> {
  try {
    await read(flags);
  } catch (error) {
    if (error instanceof FlowError) return `${error.code}: ${error.message}`;
  }
  return "no error";
}

Deno.test("readInputs() takes JSON where it is JSON, and text where it is not", async () => {
  const set = [
    "n=1",
    "text=1a",
    "list=[1]",
    'quoted="1"',
    "empty=",
    "url=a=b",
    "__proto__=x",
    "id=12345678901234567890",
    "huge=1e999",
  ];
  const inputs = await read({ set });
  const expected = [
    ["n", 1],
    ["text", "1a"],
    ["list", [1]],
    ["quoted", "1"],
    ["empty", ""],
    ["url", "a=b"],
    [
      "__proto__",
      "x",
    ],
    ["id", "12345678901234567890"],
    ["huge", "1e999"],
  ];
  assert.deepEqual(Object.entries(inputs), expected);
});

Deno.test("readInputs() reads tagged values and bytes, and lets --set win", async () => {
  const input = '{"a": {"type": "Number", "value": 21}, "b": {"$bytes": "aGk="}, "c": 1}';
  assert.deepEqual(await read({ input, set: ["c=2"] }), { a: 21, b: Uint8Array.of(104, 105), c: 2 });
});

Deno.test("readInputs() says where JSON breaks off, and what it wants instead of a list", async () => {
  assert.equal(
    await explain({ input: '{"a": tru}' }),
    'invalid_argument: Cannot read --input "{\\"a\\": tru}": line 1 column 7: expected a value, found "tru"',
  );
  assert.match(await explain({ input: '{"a":\n 1' }), /line 2 column 3: .*end of the text/);
  assert.match(await explain({ input: "" }), /empty/);
  assert.match(await explain({ input: "name=Ann" }), /line 1 column 1: /);
  assert.match(await explain({ input: "[1]" }), /it is a list, expected an object/);
  assert.match(await explain({ input: "@/no/such/file" }), /^not_found: /);
  assert.match(await explain({ set: ["novalue"] }), /"novalue": it is not of the form key=value/);
  assert.match(await explain({ set: ["=x"] }), /not of the form/);
});
