import assert from "node:assert/strict";
import { findRegressions } from "./startup_guard.ts";

Deno.test("findRegressions() names what takes more than a fifth longer than before, and what is not measured", () => {
  const before = { version: 1.1, run: 4, bundled: 3 };
  assert.deepEqual(findRegressions(before, { version: 1.3, run: 4.8, bundled: 2 }), []);
  assert.deepEqual(findRegressions(before, { version: 1.1, run: 4.81 }), [
    "run: 4.81 times a bare script, was 4",
    "bundled: is no longer measured",
  ]);
});
