import assert from "node:assert/strict";
import { parseTimes } from "./startup.ts";

Deno.test("parseTimes() adds up the children's user and system time, as dash and bash print it", () => {
  assert.equal(parseTimes("hello\n0m0.000000s 0m0.010000s\n0m1.250000s 0m0.250000s\n"), 1500);
  assert.equal(parseTimes("0m0.001s 0m0.000s\n1m0.500s 0m0.001s\n"), 60_501);
});
