import assert from "node:assert/strict";
import { FlowError } from "./errors.ts";
import {
  canonicalJson,
  checkValues,
  decodeValue,
  decodeValues,
  encodeTagged,
  parseValue,
  stringifyValue,
  toWire,
  type Value,
} from "./value.ts";

const bytes = (...list: number[]) => Uint8Array.from(list);

/** Keys that objects are born with. */
const trap = () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');

function assertClean(): void {
  assert.equal("polluted" in {}, false);
}

Deno.test("decodeValue() reads each tagged type", () => {
  const cases: [unknown, Value][] = [
    [{ type: "Null", value: null }, null],
    [{ type: "Bool", value: false }, false],
    [{ type: "Number", value: 1.5 }, 1.5],
    [{ type: "String", value: "" }, ""],
    [{ type: "Bytes", value: [0, 255] }, bytes(0, 255)],
    [{ type: "Array", value: [{ type: "Number", value: 1 }, 2] }, [1, 2]],
    [{ type: "Object", value: { a: { type: "String", value: "x" }, b: "y" } }, { a: "x", b: "y" }],
    [[{ a: { type: "Bool", value: true } }], [{ a: true }]],
    [{ $bytes: "AP8=" }, bytes(0, 255)],
  ];
  for (const [raw, value] of cases) assert.deepEqual(decodeValue(raw), value);
});

Deno.test("decodeValue() decodes nothing inside of Json", () => {
  const inner = { type: "String", value: "x", deep: [{ type: "Number", value: 1 }] };
  assert.deepEqual(decodeValue({ type: "Json", value: [inner, { type: "Null", value: null }] }), [
    inner,
    { type: "Null", value: null },
  ]);
});

Deno.test("decodeValue() takes an object for tagged only if it is exactly that", () => {
  for (
    const plain of [
      { type: "String" },
      { type: "string", value: "x" },
      { type: "String", value: "x", more: 1 },
      { type: "Date", value: "x" },
      { type: ["String"], value: "x" },
    ]
  ) assert.deepEqual(decodeValue(plain), plain);
  assert.deepEqual(decodeValues({ type: "String", value: "x" }), { type: "String", value: "x" });
});

Deno.test("decodeValue() says where a tagged value contradicts its type", () => {
  assert.throws(
    () => decodeValues({ args: { type: "Array", value: ["x", { type: "Number", value: "3" }] } }),
    (error) =>
      error instanceof FlowError && error.code === "invalid_input" &&
      error.message === '"args.value[1].value" is "3", but its type "Number" stands for a number',
  );
  for (const value of [[256], [1.5], "AA=="]) assert.throws(() => decodeValue({ type: "Bytes", value }), FlowError);
  for (const value of [NaN, Infinity, new Date(), 1n, () => 1]) assert.throws(() => decodeValue({ value }), FlowError);
});

Deno.test("decodeValue() survives any depth and any name", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  assert.throws(() => decodeValue(deep), /deeper than 100 levels/);
  const decoded = decodeValue(trap()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(decoded), ["__proto__", "constructor"]);
  assertClean();
});

Deno.test("names cannot reach a prototype where the runtime has a setter for it, as Node does", () => {
  Object.defineProperty(Object.prototype, "__proto__", {
    configurable: true,
    set(this: object, prototype: object) {
      Object.setPrototypeOf(this, prototype);
    },
  });
  try {
    for (const copy of [decodeValue(trap()), parseValue(stringifyValue([trap(), bytes(1)]))]) {
      const [object] = [copy].flat() as [Record<string, unknown>];
      assert.equal(object.polluted, undefined);
      assert.deepEqual(Object.keys(object), ["__proto__", "constructor"]);
    }
  } finally {
    // Deno has no such setter.
    Reflect.deleteProperty(Object.prototype, "__proto__");
  }
});

Deno.test("encodeTagged() is undone by decodeValue()", () => {
  const value: Value = { a: [1, "x", null, true, { b: bytes(1, 2) }], type: "String", value: "x" };
  assert.deepEqual(encodeTagged([1, null]), {
    type: "Array",
    value: [{ type: "Number", value: 1 }, { type: "Null", value: null }],
  });
  assert.deepEqual(decodeValue(encodeTagged(value)), value);
});

Deno.test("stringifyValue() is undone by parseValue(), whatever looks like bytes", () => {
  const values: Value[] = [
    null,
    [],
    { a: 1 },
    bytes(),
    bytes(0, 1, 254, 255),
    { $bytes: "AA==" },
    { $$bytes: { $bytes: bytes(1) } },
    { $bytes: "AA==", more: 1 },
    [{ x: [bytes(7)] }, { $bytes: 3 }],
    trap(),
    [trap(), bytes(1)],
    bytes(...Array.from({ length: 100_000 }, (_, index) => index % 256)),
  ];
  for (const value of values) assert.deepEqual(parseValue(stringifyValue(value)), value);
  assert.equal(stringifyValue({ x: bytes(104, 105) }), '{"x":{"$bytes":"aGk="}}');
  assert.deepEqual(parseValue('{"\\u0024bytes": "aGk="}'), bytes(104, 105));
  assertClean();
});

Deno.test("toWire() does not copy what has no bytes", () => {
  const value = { a: [1, { b: "x" }] };
  assert.equal(toWire(value), value);
});

Deno.test("parseValue() refuses what is no value", () => {
  assert.throws(() => parseValue("{"), (error) => error instanceof FlowError && error.code === "invalid_input");
  assert.throws(() => parseValue('{"$bytes": "*"}'), /base64/);
  assert.throws(() => parseValue('{"$bytes": 3}'), /base64/);
});

Deno.test("canonicalJson() is the same for equal values", () => {
  assert.equal(
    canonicalJson({ b: 1, a: [{ d: null, c: bytes(1) }] }),
    '{"a":[{"c":{"$bytes":"AQ=="},"d":null}],"b":1}',
  );
  assert.equal(canonicalJson({ a: 1, b: 2 }), canonicalJson({ b: 2, a: 1 }));
  assert.notEqual(canonicalJson({ $bytes: "AQ==" }), canonicalJson(bytes(1)));
});

Deno.test("checkValues() copies JSON and bytes, and drops undefined", () => {
  const outputs = { a: [1, { b: null }], c: bytes(1) };
  const checked = checkValues(outputs);
  assert.deepEqual(checked, outputs);
  outputs.a.push(2);
  outputs.c[0] = 2;
  assert.deepEqual(checked, { a: [1, { b: null }], c: bytes(1) });
  assert.deepEqual(checkValues(undefined), {});
  assert.deepEqual(checkValues({ a: undefined, b: { c: undefined, d: 1 } }), { b: { d: 1 } });
  assert.deepEqual(Object.keys(checkValues(Object.create(null))), []);
  assert.deepEqual(Object.keys(checkValues({ ...trap(), gone: undefined })), ["__proto__", "constructor"]);
  assertClean();
});

Deno.test("checkValues() leaves the node's own objects alone", () => {
  const outputs = { a: { gone: undefined, b: [1] } };
  checkValues(outputs);
  assert.ok("gone" in outputs.a);
});

Deno.test("checkValues() names the port, the place and the remedy", () => {
  class Thing {}
  const loop: Record<string, unknown> = {};
  loop.self = { loop };
  const cases: [unknown, RegExp][] = [
    [{ body: { when: [new Date()] } }, /Output "body" cannot leave the node: when\[0\] is an instance of Date/],
    [{ x: NaN }, /Output "x" .* it is NaN/],
    [{ x: [1, -Infinity] }, /\[1\] is -Infinity/],
    [{ x: 10n }, /BigInt 10/],
    [{ x: () => 1 }, /a function/],
    [{ x: Symbol("s") }, /a symbol/],
    [{ x: new Thing() }, /an instance of Thing/],
    [{ x: new Map() }, /an instance of Map/],
    [{ x: new Float64Array(1) }, /Float64Array/],
    [{ x: [undefined] }, /\[0\] is undefined/],
    [{ x: new Array(1) }, /\[0\] is undefined/],
    [{ x: loop }, /refers back to itself/],
    [null, /Node answered null/],
    ["text", /Node answered "text"/],
    [[1], /Node answered a list/],
    [Promise.resolve(), /Node answered an instance of Promise/],
  ];
  for (const [outputs, message] of cases) {
    assert.throws(() => checkValues(outputs), (error) => {
      assert.ok(error instanceof FlowError);
      assert.match(error.message, message);
      return error.code === "invalid_output" && error.hint !== undefined;
    });
  }
});

Deno.test("checkValues() refuses more than 200 levels, however many more there are", () => {
  const nested = (levels: number) => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = [value];
    return { x: value };
  };
  checkValues(nested(199));
  assert.throws(() => checkValues(nested(200)), /deeper than 200/);
  assert.throws(() => checkValues(nested(100_000)), /deeper than 200/);
});
