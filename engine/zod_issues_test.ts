import assert from "node:assert/strict";
import * as z from "zod";
import { parseWith } from "./zod_issues.ts";

function complaintsOf(schema: z.ZodType, value: unknown): string[] {
  const parsed = parseWith(schema, value);
  return parsed.ok ? [] : parsed.problems.map(({ complaint }) => complaint);
}

Deno.test("parseWith() says what it expected, unless the schema's author says what is wrong", () => {
  const even = z.int().refine((n) => n % 2 === 0, "must be even");
  const name = z.string().regex(/^[^=]+$/, 'a variable name has no "="');
  const cases: [z.ZodType, unknown, string][] = [
    [even, "2", "expected a number"],
    [even, 3, "must be even"],
    [z.string().min(1), "", "expected text with a length of at least 1"],
    [z.string().min(1, "a command is needed"), "", "a command is needed"],
    [z.string().min(1, "expected a command"), "", "expected a command"],
    [z.object({ a: z.unknown() }), {}, "expected a value"],
    [z.union([z.string(), z.number(), z.boolean()]), null, "expected text, a number or true or false"],
    [z.union([z.string({ error: "expected quoted text" }), z.number()]), null, "expected quoted text or a number"],
    [z.record(name, z.string()), { "A=B": "x" }, 'expected another name: a variable name has no "="'],
  ];
  for (const [schema, value, complaint] of cases) assert.deepEqual(complaintsOf(schema, value), [complaint]);
});
