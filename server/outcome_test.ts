import assert from "node:assert/strict";
import { errorCodes } from "../engine/errors.ts";
import { outcomeOf } from "./outcome.ts";

Deno.test("outcomeOf() tells a shell what kind of problem it was", () => {
  const exitCodes = [
    ["internal", 1],
    ["invalid_workflow", 2],
    ["program_not_found", 2],
    ["exit_code", 3],
    ["not_found", 4],
    ["conflict", 5],
    ["store_failed", 6],
    ["timeout", 124],
    ["cancelled", 130],
  ] as const;
  for (const [code, exitCode] of exitCodes) assert.equal(outcomeOf(code).exit_code, exitCode, code);
});

Deno.test("outcomeOf() tells a malformed request (400) from a workflow that cannot run (422)", () => {
  assert.equal(outcomeOf("invalid_argument").http_status, 400);
  assert.equal(outcomeOf("invalid_document").http_status, 400);
  assert.equal(outcomeOf("invalid_workflow").http_status, 422);
});

Deno.test("outcomeOf() never calls an error a success, and takes an unknown code for a bug", () => {
  for (const code of errorCodes) {
    assert.notEqual(outcomeOf(code).exit_code, 0, code);
    assert.ok(outcomeOf(code).http_status >= 400, code);
  }
  assert.deepEqual(outcomeOf("from_the_future"), outcomeOf("internal"));
});
