import type { Path } from "./issue.ts";

/** What can be wrong with an expression before it is evaluated. */
export type ExpressionProblemCode =
  | "invalid_expression"
  | "dynamic_reference"
  | "unknown_name"
  | "unknown_node"
  | "unknown_port"
  | "unknown_input";

/** One mistake in an expression. */
export interface ExpressionProblem {
  readonly code: ExpressionProblemCode;
  readonly message: string;
  readonly hint?: string | undefined;
  /** In characters from 0: from the start of the expression, or, in a template, from the start of its text. */
  readonly offset: number;
}

/** A mistake in a string of a config. */
export interface PlacedProblem extends ExpressionProblem {
  /** Where the string stands in the config. */
  readonly path: Path;
}

const SHOWN_LENGTH = 80;

/** An expression as it stands in messages: on one line, in quotes, shortened. */
export function showExpression(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return JSON.stringify(line.length <= SHOWN_LENGTH ? line : `${line.slice(0, SHOWN_LENGTH)}...`);
}
