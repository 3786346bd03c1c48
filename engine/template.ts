import type { ExpressionProblem } from "./expression_problem.ts";
import { scanExpression } from "./expression_lexer.ts";

/** An expression between `${{` and `}}`, without the white space around it. */
export interface TemplateExpression {
  readonly text: string;
  /** Where it starts in the template, in characters from 0. */
  readonly offset: number;
}

/** A config string that was cut into literal texts and expressions. */
export interface Template {
  readonly parts: readonly (string | TemplateExpression)[];
  /** Whether it is one expression and nothing but white space, so that the value keeps its type. */
  readonly isWhole: boolean;
  readonly problem: ExpressionProblem | undefined;
}

const OPENING = "${{";

/** Whether a text holds an expression, or an escaped one. */
export function isTemplate(text: string): boolean {
  return text.includes(OPENING);
}

/**
 * Cuts a config string at its expressions. `$${{` stands for a literal `${{`. Never throws: an expression without an
 * end is the template's problem.
 */
export function parseTemplate(text: string): Template {
  const parts: (string | TemplateExpression)[] = [];
  let literal = "";
  let offset = 0;
  const finish = (problem?: ExpressionProblem): Template => {
    if (literal !== "") parts.push(literal);
    return { parts, isWhole: problem === undefined && isWhole(parts), problem };
  };
  for (let found = text.indexOf(OPENING); found >= 0; found = text.indexOf(OPENING, offset)) {
    if (found > offset && text[found - 1] === "$") {
      literal += text.slice(offset, found - 1) + OPENING;
      offset = found + OPENING.length;
      continue;
    }
    literal += text.slice(offset, found);
    const from = found + OPENING.length;
    const { end, isClosed, unclosed } = scanExpression(text, from);
    if (!isClosed) return finish(describeOpenEnd(found, unclosed));
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(trimAt(text, from, end));
    offset = end + 2;
  }
  literal += text.slice(offset);
  return finish();
}

/** An expression without the white space around it, and where it then starts. */
export function trimAt(text: string, from: number, end: number): TemplateExpression {
  const inner = text.slice(from, end);
  return { text: inner.trim(), offset: from + inner.length - inner.trimStart().length };
}

function isWhole(parts: Template["parts"]): boolean {
  let expressions = 0;
  for (const part of parts) {
    if (typeof part !== "string") expressions++;
    else if (part.trim() !== "") return false;
  }
  return expressions === 1;
}

function describeOpenEnd(start: number, unclosed: { what: string; offset: number } | undefined): ExpressionProblem {
  if (unclosed !== undefined) {
    return {
      code: "invalid_expression",
      message: `Expression cannot be read: a ${unclosed.what} has no end`,
      hint: "Close it, and close the expression with }}.",
      offset: unclosed.offset,
    };
  }
  return {
    code: "invalid_expression",
    message: "Expression has no end: }} is missing",
    hint: "Close it with }}, or write $${{ for a literal ${{.",
    offset: start,
  };
}
