import assert from "node:assert/strict";
import { HiddenLine } from "./hidden_line.ts";

function type(...keys: string[]) {
  const line = new HiddenLine();
  return keys.map((text) => line.type(new TextEncoder().encode(text)));
}

Deno.test("HiddenLine: the line ends with Enter, wherever the keys are cut", () => {
  assert.deepEqual(type("ab", "c\rd"), [undefined, "abc"]);
  assert.deepEqual(type("\n"), [""]);
});

Deno.test("HiddenLine: Backspace takes a character, Ctrl-U takes all", () => {
  assert.deepEqual(type("aöx\x7f\x7f€\b\r"), ["a"]);
  assert.deepEqual(type("\x7f\x7fa\r"), ["a"]);
  assert.deepEqual(type("wrong\x15right\r"), ["right"]);
});

Deno.test("HiddenLine: Ctrl-C gives up, and Ctrl-D does at the beginning", () => {
  assert.deepEqual(type("abc", "\x03"), [undefined, null]);
  assert.deepEqual(type("\x04"), [null]);
  assert.deepEqual(type("a\x04b\r"), ["ab"]);
});
