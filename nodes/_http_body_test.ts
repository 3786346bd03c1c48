import assert from "node:assert/strict";
import { parseBody } from "./_http_body.ts";

Deno.test("parseBody() leaves as text what claims to be JSON and cannot be a value", () => {
  const deep = "[".repeat(300) + "]".repeat(300);
  for (const text of ["<html>", '{"huge": 1e999}', deep]) {
    assert.equal(parseBody(new TextEncoder().encode(text), "application/json", "auto"), text);
  }
});
