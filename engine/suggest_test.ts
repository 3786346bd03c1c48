import assert from "node:assert/strict";
import { didYouMean } from "./suggest.ts";

Deno.test("didYouMean() names each candidate once", () => {
  assert.equal(didYouMean("zz", ["a", "a", "b"], "nodes"), 'Use one of the nodes "a" and "b".');
  assert.equal(didYouMean("zz", ["a", "a"], "nodes"), 'Use "a" instead.');
});
