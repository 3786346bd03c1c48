import { FlowError } from "./errors.ts";
import { compileExpression, type EvaluateOptions, type Expression } from "./expression.ts";
import { checkReference, type KnownNames } from "./expression_check.ts";
import { toExpressionError } from "./expression_errors.ts";
import type { ExpressionProblem } from "./expression_problem.ts";
import { moveReference, type Reference } from "./expression_reference.ts";
import { isTruthy } from "./expression_result.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { then } from "./settle.ts";
import { isTemplate, parseTemplate, trimAt } from "./template.ts";

/** A condition, such as a node's `when`. */
export interface CompiledCondition {
  readonly references: readonly Reference[];
  readonly problems: readonly ExpressionProblem[];
  check(known: KnownNames): ExpressionProblem[];
  /** @throws {FlowError} `expression_failed`, or rejects with it. */
  evaluate(scope: ExpressionScope, options?: EvaluateOptions): boolean | Promise<boolean>;
}

/** Reads a condition: an expression, with or without `${{ }}` around it. */
export function compileCondition(text: string): CompiledCondition {
  return new Condition(readCondition(text));
}

/** The expression of a condition, and where it starts there. */
interface ConditionText {
  readonly text: string;
  readonly offset: number;
  readonly problem?: ExpressionProblem | undefined;
}

/** Finds the expression of a condition. */
export function readCondition(text: string): ConditionText {
  const bare = trimAt(text, 0, text.length);
  if (!isTemplate(text)) return bare;
  const { parts, isWhole, problem } = parseTemplate(text);
  const [expression] = parts.filter((part) => typeof part !== "string");
  if (isWhole && expression !== undefined) return expression;
  const mixed: ExpressionProblem = {
    code: "invalid_expression",
    message: "Condition mixes an expression with text",
    hint: "Write one expression, such as ${{ inputs.count > 0 }}.",
    offset: 0,
  };
  return { ...bare, problem: problem ?? mixed };
}

class Condition implements CompiledCondition {
  readonly references: readonly Reference[];
  readonly problems: readonly ExpressionProblem[];
  readonly #expression: Expression;

  constructor({ text, offset, problem }: ConditionText) {
    this.#expression = compileExpression(text);
    const problems = this.#expression.problems.map((own) => ({ ...own, offset: own.offset + offset }));
    this.problems = problem === undefined ? problems : [problem];
    this.references = this.#expression.references.map((reference) => moveReference(reference, offset));
  }

  check(known: KnownNames): ExpressionProblem[] {
    return [...this.problems, ...this.references.flatMap((reference) => checkReference(reference, known))];
  }

  evaluate(scope: ExpressionScope, options: EvaluateOptions = {}): boolean | Promise<boolean> {
    const [problem] = this.problems;
    if (problem !== undefined) {
      const error = new FlowError("expression_failed", problem.message, { hint: problem.hint });
      throw toExpressionError(error, this.#expression.text, options.place);
    }
    return then(this.#expression.evaluate(scope, options), isTruthy);
  }
}
