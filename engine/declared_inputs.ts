import * as z from "zod";
import type { IssueList } from "./issue.ts";
import { quote, setOwn, showValue } from "./plain.ts";
import { didYouMean, quoteList } from "./suggest.ts";
import { canonicalJson, type Value, type Values } from "./value.ts";
import type { InputFormat, InputSpec, InputType } from "./workflow.ts";

/** The inputs of an execution: those that are given, and the defaults of those that are not. */
export function resolveInputs(specs: Readonly<Record<string, InputSpec>> | undefined, given: Values): Values {
  if (specs === undefined) return given;
  const inputs = { ...given };
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.default !== undefined && !Object.hasOwn(inputs, name)) setOwn(inputs, name, spec.default);
  }
  return inputs;
}

/** Reports what does not fit the declarations; `given` is not resolved yet. */
export function checkDeclaredInputs(
  specs: Readonly<Record<string, InputSpec>>,
  given: Values,
  issues: IssueList,
): void {
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) checkValue(name, spec, value, issues);
    else if (spec.required) {
      const what = spec.description === undefined ? "" : ` (${spec.description})`;
      issues.error(
        "missing_input",
        ["inputs", name],
        () => `Input ${quote(name)} is missing${what}`,
        () => `Pass ${nameType(spec)}: --set ${name}=${example(spec)}`,
      );
    }
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(specs, name)) continue;
    issues.error(
      "unknown_input",
      ["inputs", name],
      () => `The workflow has no input ${quote(name)}`,
      () => didYouMean(name, Object.keys(specs), "inputs"),
    );
  }
}

function checkValue(name: string, spec: InputSpec, value: Value, issues: IssueList): void {
  const problem = findProblem(spec, value);
  if (problem === undefined) return;
  issues.error(
    "invalid_input",
    ["inputs", name],
    () => `Input ${quote(name)} is ${showValue(value)}, expected ${problem}`,
    () => `Pass ${nameType(spec)}: --set ${name}=${example(spec)}`,
  );
}

/** What `value` should have been; undefined if it is that. */
export function findProblem(spec: InputSpec, value: Value): string | undefined {
  if (!isOfType(spec.type, value)) return nameType(spec);
  if (spec.enum !== undefined && !spec.enum.some((allowed) => canonicalJson(allowed) === canonicalJson(value))) {
    return `one of ${
      quoteList(spec.enum.map((allowed) => typeof allowed === "string" ? allowed : canonicalJson(allowed)), "or")
    }`;
  }
  if (spec.format !== undefined && !matchesFormat(spec.format, value)) return nameType(spec);
  return undefined;
}

function isOfType(type: InputType, value: Value): boolean {
  switch (type) {
    case "any":
      return true;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
  }
}

function matchesFormat(format: InputFormat, value: Value): boolean {
  return formatSchema(format).safeParse(value).success;
}

function formatSchema(format: InputFormat): z.ZodType {
  switch (format) {
    case "date":
      return z.iso.date();
    case "date-time":
      return z.iso.datetime({ offset: true });
    case "duration":
      return z.iso.duration();
    case "email":
      return z.email();
    case "ipv4":
      return z.ipv4();
    case "ipv6":
      return z.ipv6();
    case "uri":
      return z.url();
    case "uuid":
      return z.guid();
  }
}

const ARTICLES: Record<InputType, string> = {
  any: "a value",
  array: "a list",
  boolean: "true or false",
  integer: "an integer",
  number: "a number",
  object: "an object",
  string: "text",
};

function nameType({ type, format }: InputSpec): string {
  return format === undefined ? ARTICLES[type] : `${ARTICLES[type]} in the form of ${FORMAT_EXAMPLES[format]}`;
}

const FORMAT_EXAMPLES: Record<InputFormat, string> = {
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  duration: "PT1H30M",
  email: "ann@example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uuid: "6a1cf4ae-8c65-4955-9064-65b4c877a34c",
};

const TYPE_EXAMPLES: Record<InputType, string> = {
  any: "...",
  array: "'[1, 2]'",
  boolean: "true",
  integer: "1",
  number: "1.5",
  object: `'{"a": 1}'`,
  string: "...",
};

function example({ type, format, enum: allowed }: InputSpec): string {
  const [first] = allowed ?? [];
  if (first !== undefined) return typeof first === "string" ? first : `'${canonicalJson(first)}'`;
  return format === undefined ? TYPE_EXAMPLES[type] : FORMAT_EXAMPLES[format];
}
