import assert from "node:assert/strict";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** As on a runtime that has neither. */
function withoutNative(bytes: Uint8Array): Uint8Array {
  return Object.defineProperty(bytes, "toBase64", { value: undefined });
}

Deno.test("base64 comes out as it went in, with and without what the runtime has built in", () => {
  const all = new Uint8Array(100_003).map((_, index) => index * 7);
  const built = Object.getOwnPropertyDescriptor(Uint8Array, "fromBase64");
  for (const length of [0, 1, 2, 3, 4, 0x7ffd, 0x7ffe, 0x7fff, 100_000]) {
    const text = encodeBase64(all.subarray(3, 3 + length));
    assert.equal(encodeBase64(withoutNative(all.subarray(3, 3 + length))), text);
    assert.deepEqual(decodeBase64(text), all.slice(3, 3 + length));
    try {
      Object.defineProperty(Uint8Array, "fromBase64", { value: undefined, configurable: true });
      assert.deepEqual(decodeBase64(text), all.slice(3, 3 + length));
      assert.equal(decodeBase64("*"), undefined);
    } finally {
      if (built === undefined) Reflect.deleteProperty(Uint8Array, "fromBase64");
      else Object.defineProperty(Uint8Array, "fromBase64", built);
    }
  }
  assert.equal(encodeBase64(new TextEncoder().encode("hello")), "aGVsbG8=");
  assert.equal(decodeBase64("*"), undefined);
});
