import assert from "node:assert/strict";
import { mayTakeForever } from "./regex_risk.ts";

Deno.test("mayTakeForever() finds groups whose repetition is ambiguous", () => {
  for (
    const source of ["(a+)+b", "(a*)*", "(?:a|ab)*$", "(\\w+\\s?)*$", "((a+)b?)+", "(a{1,9})+", "(.*,)*x", "(a+){2,}"]
  ) {
    assert.equal(mayTakeForever(source), true, source);
  }
});

Deno.test("mayTakeForever() lets clear repetitions pass", () => {
  for (
    const source of [
      "a+b*",
      "(abc)+",
      "[a-z]+(-[a-z]+)*",
      "\\d+(\\.\\d+)*",
      "(a|b)",
      "(x(y+))",
      "(\\d{3})+",
      "[(]+[)+]*",
      "(?:/[^/]+)+",
    ]
  ) {
    assert.equal(mayTakeForever(source), false, source);
  }
});
