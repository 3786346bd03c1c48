import type * as z from "zod";
import { type Path } from "./issue.ts";
import { quoteList } from "./suggest.ts";

/** What zod found, in plain words. */
export interface SchemaProblem {
  kind: "unknown_key" | "missing_key" | "wrong_type" | "wrong_value";
  path: Path;
  /** What is wrong: `expected a whole number of at least 1`, or a sentence by the author of the schema. */
  complaint: string;
  /** The key that has no business there, with `unknown_key`. */
  key?: string;
}

/** Parses `value`; answers the problems in plain words instead of zod's. */
export function parseWith<T extends z.ZodType>(
  schema: T,
  value: unknown,
): { ok: true; value: z.output<T> } | { ok: false; problems: SchemaProblem[] } {
  const result = schema.safeParse(value, { error: describeExpectation });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: firstPerPath(result.error.issues.flatMap((issue) => toProblems(issue, value, []))) };
}

/** What has the wrong type is not too short as well. */
function firstPerPath(problems: SchemaProblem[]): SchemaProblem[] {
  const byPath = new Map<string, SchemaProblem>();
  for (const problem of problems) {
    const key = JSON.stringify(problem.path);
    if (!byPath.has(key)) byPath.set(key, problem);
  }
  return [...byPath.values()];
}

function toProblems(issue: z.core.$ZodIssue, root: unknown, base: Path): SchemaProblem[] {
  const path = [...base, ...issue.path.map((part) => typeof part === "symbol" ? String(part) : part)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ kind: "unknown_key", path: [...path, key], key, complaint: "" }));
  }
  if (issue.code === "invalid_union") {
    const branch = bestBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => toProblems(inner, root, path));
  }
  const actual = valueAt(root, path);
  if (actual === undefined) return [{ kind: "missing_key", path, complaint: complain(issue) }];
  const kind = issue.code === "invalid_type" || issue.code === "invalid_union" ? "wrong_type" : "wrong_value";
  return [{ kind, path, complaint: complain(issue) }];
}

function complain(issue: z.core.$ZodIssue): string {
  return issue.message === describeExpectation(issue) ? `expected ${issue.message}` : issue.message;
}

/** The branch of a union that the value was meant for: the only one that got past its own type. */
function bestBranch(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const deeper = branches.filter((issues) => issues.every((issue) => issue.path.length > 0 || !isTypeIssue(issue)));
  return deeper.length === 1 ? deeper[0] : undefined;
}

function isTypeIssue(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

/** Steps through own properties only. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** zod asks this wherever the schema's author gave no message of their own. */
function describeExpectation(issue: z.core.$ZodRawIssue | z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return nameType(issue.expected);
    case "too_small":
      return `${nameAmount(issue.origin)} ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
    case "too_big":
      return `${nameAmount(issue.origin)} ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    case "invalid_value":
      return issue.values.length === 1 ? show(issue.values[0]) : `one of ${issue.values.map(show).join(", ")}`;
    case "invalid_format":
      return nameFormat(issue.format, "pattern" in issue ? issue.pattern : undefined);
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union":
      return nameUnion(issue);
    case "invalid_key":
      return nameKey(issue);
    default:
      return undefined;
  }
}

function nameUnion(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion> | z.core.$ZodIssueInvalidUnion): string {
  const inner = (issue.errors ?? []).flat().filter(({ path }) => path.length === 0);
  const options = [...new Set(inner.map(({ message }) => message.replace(/^expected /, "")))];
  const last = options.pop();
  if (last === undefined) return "another value";
  return options.length === 0 ? last : `${options.join(", ")} or ${last}`;
}

function nameKey(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidKey> | z.core.$ZodIssueInvalidKey): string {
  const reason = issue.issues?.[0]?.message;
  return reason === undefined ? "another name" : `another name: ${reason}`;
}

const TYPE_NAMES: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
  undefined: "nothing",
  nonoptional: "a value",
  nan: "NaN",
  bigint: "a whole number",
};

function nameType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function nameAmount(origin: string): string {
  if (origin === "string") return "text with a length of";
  if (origin === "array" || origin === "set") return "a list with a length of";
  if (origin === "object" || origin === "map") return "an object with a number of entries of";
  return "a number of";
}

const FORMAT_NAMES: Record<string, string> = {
  safeint: "a whole number",
  int32: "a whole number",
  url: "a URL",
  uuid: "a UUID",
  email: "an e-mail address",
  datetime: "a date and time such as 2026-01-31T12:00:00Z",
  base64: "base64 text",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
};

function nameFormat(format: string, pattern: string | undefined): string {
  return FORMAT_NAMES[format] ??
    (pattern === undefined ? `text in the format ${format}` : `text that matches ${pattern}`);
}

function show(value: unknown): string {
  return typeof value === "string" ? quoteList([value]) : String(value);
}
