import { isPlainObject, setOwn } from "../../engine/plain.ts";
import type { Path } from "../../engine/issue.ts";
import type { Value, Values } from "../../engine/value.ts";
import { canonicalJson } from "../../engine/wire.ts";

/** Where something is not as expected. */
export interface Difference {
  /** Inside of what was compared. */
  path: Path;
  /** Undefined: nothing should be there. */
  expected: Value | undefined;
  /** Undefined: nothing is there. */
  actual: Value | undefined;
}

/** Whether more than what is expected may be there. */
export type Strictness = "exact" | "contain";

/** More than this helps nobody. */
const MAX_DIFFERENCES = 20;

/**
 * Compares values. In what is expected, `{$match: pattern}` stands for any text that the regular expression finds itself
 * in, and `{$type: name}` for any value of a type: string, number, boolean, null, array, object or any.
 */
export function compareValues(expected: Value, actual: Value | undefined, strictness: Strictness): Difference[] {
  const found: Difference[] = [];
  compare(expected, actual, strictness, [], found);
  return found.slice(0, MAX_DIFFERENCES);
}

function compare(expected: Value, actual: Value | undefined, strictness: Strictness, path: Path, found: Difference[]) {
  if (found.length >= MAX_DIFFERENCES) return;
  const differs = () => found.push({ path, expected, actual });
  const matcher = readMatcher(expected);
  if (matcher !== undefined) {
    if (!matches(matcher, actual)) differs();
  } else if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) differs();
    else {for (const [index, item] of expected.entries()) {
        compare(item, actual[index], strictness, [...path, index], found);
      }}
  } else if (isValues(expected)) {
    if (!isValues(actual)) differs();
    else compareEntries(expected, actual, strictness, path, found);
  } else if (actual === undefined || canonicalJson(expected) !== canonicalJson(actual)) differs();
}

function compareEntries(expected: Values, actual: Values, strictness: Strictness, path: Path, found: Difference[]) {
  for (const [key, value] of Object.entries(expected)) {
    compare(value, Object.hasOwn(actual, key) ? actual[key] : undefined, strictness, [...path, key], found);
  }
  if (strictness === "contain") return;
  for (const [key, value] of Object.entries(actual)) {
    if (!Object.hasOwn(expected, key)) found.push({ path: [...path, key], expected: undefined, actual: value });
  }
}

interface Matcher {
  readonly kind: "$match" | "$type";
  readonly argument: string;
}

const TYPE_NAMES = ["string", "number", "boolean", "null", "array", "object", "any"];

/** What a value stands for, if it does not stand for itself. */
function readMatcher(value: Value): Matcher | undefined {
  if (!isValues(value)) return undefined;
  const [key, ...others] = Object.keys(value);
  const argument = key === undefined ? undefined : value[key];
  if (others.length > 0 || (key !== "$match" && key !== "$type") || typeof argument !== "string") return undefined;
  return { kind: key, argument };
}

function matches({ kind, argument }: Matcher, actual: Value | undefined): boolean {
  if (kind === "$type") return actual !== undefined && (argument === "any" || typeOf(actual) === argument);
  return typeof actual === "string" && new RegExp(argument, "u").test(actual);
}

function typeOf(value: Value): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** What is wrong with the matchers in an expected value, each with its place. */
export function checkMatchers(value: Value, path: Path = []): { path: Path; message: string; hint: string }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => checkMatchers(item, [...path, index]));
  if (!isValues(value)) return [];
  const matcher = readMatcher(value);
  if (matcher === undefined) return Object.entries(value).flatMap(([key, item]) => checkMatchers(item, [...path, key]));
  if (matcher.kind === "$type") {
    if (TYPE_NAMES.includes(matcher.argument)) return [];
    return [{ path: [...path, "$type"], message: "$type names no type", hint: `Use one of ${TYPE_NAMES.join(", ")}.` }];
  }
  try {
    new RegExp(matcher.argument, "u");
    return [];
  } catch {
    return [{ path: [...path, "$match"], message: "$match is no regular expression", hint: "Escape signs with \\." }];
  }
}

function isValues(value: Value | undefined): value is Values {
  return isPlainObject(value);
}

/** A copy of an error or the like, without what is undefined. */
export function toValues(object: object): Values {
  const values: Values = {};
  for (const [key, value] of Object.entries(object)) if (value !== undefined) setOwn(values, key, value as Value);
  return values;
}
