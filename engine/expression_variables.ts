import type { AstNode } from "./expression_ast.ts";
import type { ExpressionProblemCode } from "./expression_problem.ts";
import { quote } from "./plain.ts";
import { mayTakeForever } from "./regex_risk.ts";
import { suggest } from "./suggest.ts";

/** A mistake at a node of the tree. */
export interface TreeProblem {
  readonly node: AstNode;
  readonly code: ExpressionProblemCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The functions that expressions can call. `$eval` is not among them: it would make code of data. */
export const FUNCTION_NAMES: readonly string[] = (
  "abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl " +
  "decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase formatInteger " +
  "formatNumber fromMillis join keys length lookup lowercase map match max merge millis min not now number pad " +
  "parseInteger power random reduce replace reverse round shuffle sift single sort split spread sqrt string substring " +
  "substringAfter substringBefore sum toMillis trim type uppercase zip"
).split(" ");

/** `$` and `$$` are the context and the scope, and changing objects safely rests on `$clone`. */
const FIXED_VARIABLES: ReadonlySet<string> = new Set(["", "$", "clone", "eval"]);

/** Checks variables, calls and regular expressions. */
export function checkVariables(nodes: readonly AstNode[]): TreeProblem[] {
  const bound = new Set(nodes.flatMap(boundBy));
  return nodes.flatMap((node) => [
    ...boundBy(node).filter((name) => FIXED_VARIABLES.has(name)).map((name) => describeFixed(node, name)),
    ...(node.type === "variable" ? checkVariable(node, bound) : []),
    ...(node.type === "function" ? checkCall(node) : []),
    ...(node.type === "regex" ? checkPattern(node) : []),
  ]);
}

/** Names of the variables that a node itself introduces. */
function boundBy(node: AstNode): string[] {
  const names: unknown[] = [node.focus, node.index];
  if (node.type === "lambda") names.push(...(node.arguments ?? []).map((argument) => argument.value));
  if (node.type === "bind" && node.lhs !== undefined && !Array.isArray(node.lhs)) {
    names.push((node.lhs as AstNode).value);
  }
  if (node.type === "index") names.push(node.value);
  return names.filter((name) => typeof name === "string");
}

function describeFixed(node: AstNode, name: string): TreeProblem {
  return {
    node,
    code: "invalid_expression",
    message: `Variable ${quote(`$${name}`)} cannot be set`,
    hint: "Use another name.",
  };
}

function checkVariable(node: AstNode, bound: ReadonlySet<string>): TreeProblem[] {
  const name = String(node.value);
  if (name === "eval") {
    return [{
      node,
      code: "invalid_expression",
      message: "$eval is not available: it would run what comes in as data",
      hint: "Write the expression itself.",
    }];
  }
  if (name === "" || name === "$" || bound.has(name) || FUNCTION_NAMES.includes(name)) return [];
  const match = suggest(name, [...bound, ...FUNCTION_NAMES]);
  return [{
    node,
    code: "unknown_name",
    message: `There is no function or variable ${quote(`$${name}`)}`,
    hint: match === undefined ? undefined : `Did you mean "$${match}"?`,
  }];
}

function checkCall(node: AstNode): TreeProblem[] {
  const steps = node.procedure?.type === "path" ? node.procedure.steps ?? [] : [];
  const [only] = steps;
  if (only?.type !== "name" || steps.length !== 1) {
    return steps.length === 0 ? [] : [describeCall(node, "Expression calls a value that is no function", undefined)];
  }
  const name = String(only.value);
  const match = suggest(name, FUNCTION_NAMES);
  const hint = match === undefined ? "Names of functions start with $." : `Did you mean "$${match}"?`;
  return [describeCall(only, `There is no function ${quote(name)}`, hint)];
}

function describeCall(node: AstNode, message: string, hint: string | undefined): TreeProblem {
  return { node, code: "unknown_name", message, hint };
}

function checkPattern(node: AstNode): TreeProblem[] {
  if (!(node.value instanceof RegExp)) {
    // The parser copies what stands there, and loses regular expressions on the way.
    return [{
      node,
      code: "invalid_expression",
      message: "A regular expression cannot stand to the left of ?? or ?:",
      hint: "Bind it to a variable first: ($found := ...; $found ?: ...).",
    }];
  }
  if (!mayTakeForever(node.value.source)) return [];
  return [{
    node,
    code: "invalid_expression",
    message: `Regular expression ${quote(node.value.source)} may take endless time: it repeats a group that varies`,
    hint: "Repeat a character class instead, or take the repetition out of the group.",
  }];
}
