import { FlowError } from "./errors.ts";
import { type ExpressionProblem, showExpression } from "./expression_problem.ts";
import { nameKind } from "./expression_result.ts";
import { formatPath, type Path } from "./issue.ts";

/** What JSONata throws. */
interface LanguageError {
  code: string;
  position?: number;
  token?: unknown;
  value?: unknown;
  index?: number;
  message?: unknown;
}

type Describe = (error: LanguageError) => string;

const tokenOf = (error: LanguageError) => showExpression(String(error.token));

/** Its messages would show values, which may be secret: these only tell kinds. */
const STATES: Readonly<Record<string, Describe>> = {
  S0101: () => "a text has no closing quote",
  S0102: (error) => `${tokenOf(error)} is too large for a number`,
  S0103: (error) => `\\${String(error.token)} is no escape`,
  S0104: () => "\\u needs four hexadecimal digits",
  S0105: () => "a quoted name has no closing backtick",
  S0106: () => "a comment has no end",
  S0201: (error) => `unexpected ${tokenOf(error)}`,
  S0202: (error) => `expected ${showExpression(String(error.value))}, got ${tokenOf(error)}`,
  S0203: (error) => `expected ${showExpression(String(error.value))} before the end`,
  S0207: () => "it ends where a value is expected",
  S0211: (error) => `unexpected ${tokenOf(error)}`,
  S0213: (error) => `${showExpression(String(error.value))} cannot be a step of a path`,
  S0217: () => "% leads further up than the path reaches",
  S0301: () => "a regular expression is empty",
  S0302: () => "a regular expression has no closing slash",
  T0410: (error) => `argument ${error.index} of ${nameFunction(error)} is of a wrong type: ${nameKind(error.value)}`,
  T0411: (error) => `argument ${error.index} of ${nameFunction(error)} is missing`,
  T0412: (error) => `argument ${error.index} of ${nameFunction(error)} has items of a wrong type`,
  D1001: () => "a number is out of range",
  D1002: (error) => `cannot negate ${nameKind(error.value)}`,
  T1003: (error) => `a key of an object has to be text, not ${nameKind(error.value)}`,
  D1004: () => "a regular expression matches empty text",
  T1005: () => "it calls something that is no function",
  T1006: () => "it calls something that is no function",
  D1009: () => "two keys of an object are the same",
  D1011: () => "it calls itself too often, or is nested too deeply",
  D1012: (error) => `it takes longer than ${String(error.value)} ms`,
  D1013: () => "keys may not start with _jsonata_",
  T2001: (error) => `the left side of ${tokenOf(error)} is not a number, but ${nameKind(error.value)}`,
  T2002: (error) => `the right side of ${tokenOf(error)} is not a number, but ${nameKind(error.value)}`,
  T2003: () => "the left side of .. is not an integer",
  T2004: () => "the right side of .. is not an integer",
  T2006: () => "the right side of ~> is not a function",
  T2007: () => "it sorts by values of different types",
  T2008: () => "it can only sort by numbers and texts",
  T2009: (error) => `the sides of ${tokenOf(error)} are of different types`,
  T2010: (error) => `both sides of ${tokenOf(error)} have to be numbers, or both texts`,
  T2011: () => "a transformation has to answer an object",
  D2014: () => "a range has too many numbers",
  D2015: () => "a list has too many items",
  D3010: () => "$replace cannot search for empty text",
  D3012: () => "$replace got a replacement that is no text",
  D3030: (error) => `cannot make a number of ${nameKind(error.value)}`,
  D3050: () => "$reduce needs a function with two arguments",
  D3060: () => "$sqrt needs a number that is not negative",
  D3061: () => "the result of $power is too large",
  D3070: () => "$sort needs a function to compare these items",
  D3100: () => "$formatBase needs a base from 2 to 36",
  D3110: () => "$toMillis needs an ISO 8601 timestamp",
  D3137: (error) => String(error.message),
  D3138: () => "$single found more than one item",
  D3139: () => "$single found no item",
  D3140: () => "an URL is malformed",
  D3141: (error) => String(error.message),
};

function nameFunction(error: LanguageError): string {
  return typeof error.token === "string" ? `$${error.token}` : "a function";
}

/** What kept an expression from being read. */
export function describeSyntax(thrown: unknown, startOf: (end: number) => number): ExpressionProblem {
  const offset = isLanguageError(thrown) && thrown.position !== undefined ? startOf(thrown.position) : 0;
  return { code: "invalid_expression", message: `Expression cannot be read: ${describeState(thrown)}`, offset };
}

/** The error of an expression that could not be evaluated, whatever was thrown; `place` is where it stands. */
export function toExpressionError(thrown: unknown, text: string, place: Path | undefined): FlowError {
  const where = place === undefined || place.length === 0 ? "" : ` in ${formatPath(place)}`;
  const isOurs = thrown instanceof FlowError;
  const state = isOurs ? thrown.message : describeState(thrown);
  const hint = isOurs ? thrown.hint : hintFor(thrown);
  const details = { expression: text, ...(where === "" ? {} : { path: formatPath(place ?? []) }) };
  return new FlowError("expression_failed", `Cannot evaluate ${showExpression(text)}${where}: ${state}`, {
    hint,
    details,
    cause: isOurs ? undefined : thrown,
  });
}

function describeState(thrown: unknown): string {
  if (isLanguageError(thrown)) return (STATES[thrown.code] ?? (() => describeGroup(thrown.code)))(thrown);
  if (thrown instanceof RangeError) {
    return thrown.message.includes("string length") ? "a text becomes too long" : "it is nested too deeply";
  }
  if (thrown instanceof SyntaxError) return thrown.message.replace(/^Invalid regular expression: /, "bad pattern ");
  return "a value is of a type that it cannot work with";
}

function describeGroup(code: string): string {
  if (code.startsWith("S04")) return "the signature of a function is wrong";
  if (code.startsWith("S")) return "it is not written correctly";
  if (code.startsWith("D308") || code.startsWith("D309")) return "the picture of $formatNumber is wrong";
  if (code.startsWith("D313")) return "a picture of a date, time or number is wrong";
  return "a value does not fit";
}

function hintFor(thrown: unknown): string | undefined {
  const code = isLanguageError(thrown) ? thrown.code : "";
  if (code === "D1012" || code === "D1011") return "Look for an endless loop, or do this work in a node.";
  if (code === "D2014" || code === "D2015") return "Do this work in a node.";
  if (code === "T2001" || code === "T2002") return "Convert it with $number(...).";
  return undefined;
}

function isLanguageError(thrown: unknown): thrown is LanguageError {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string" &&
    !(thrown instanceof FlowError);
}
