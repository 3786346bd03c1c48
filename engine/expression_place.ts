import { FlowError } from "./errors.ts";
import { compileExpression, DEFAULT_MAX_BYTES, type EvaluateOptions, type Expression } from "./expression.ts";
import { toExpressionError } from "./expression_errors.ts";
import type { ExpressionProblem, PlacedProblem } from "./expression_problem.ts";
import { moveReference, type Reference } from "./expression_reference.ts";
import { interpolate, tooLarge } from "./expression_result.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { Path } from "./issue.ts";
import { isWorkflowDocument } from "./language.ts";
import { isPlainObject } from "./plain.ts";
import { settleAll, then } from "./settle.ts";
import { isTemplate, parseTemplate, type Template, type TemplateExpression } from "./template.ts";
import type { Value } from "./value.ts";

/** A use of something in scope, by a string of a config; offsets count from the start of that string. */
export interface PlacedReference extends Reference {
  readonly path: Path;
  /** Whether its value becomes part of a longer text, and is not passed on as it is. */
  readonly isInterpolated: boolean;
}

/** A string of a config with expressions in it. */
export interface FoundTemplate {
  readonly path: Path;
  readonly text: string;
  readonly template: Template;
}

/** All strings with expressions in a value, at any depth; keys are never looked at. */
export function* findTemplates(value: unknown, path: Path = []): Generator<FoundTemplate> {
  if (typeof value === "string") {
    if (isTemplate(value)) yield { path, text: value, template: parseTemplate(value) };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* findTemplates(item, [...path, index]);
  } else if (isPlainObject(value) && !isWorkflowDocument(value)) {
    for (const key of Object.keys(value)) yield* findTemplates(value[key], [...path, key]);
  }
}

/** The expressions in a string. */
export function expressionsOf({ template }: FoundTemplate): TemplateExpression[] {
  return template.parts.filter((part) => typeof part !== "string");
}

interface PlacedExpression {
  readonly expression: Expression;
  readonly offset: number;
}

/** A string with expressions in it, ready to be evaluated. */
export class Place {
  readonly path: Path;
  readonly isWhole: boolean;
  readonly #text: string;
  readonly #parts: readonly (string | PlacedExpression)[];
  readonly #problem: ExpressionProblem | undefined;

  constructor({ path, text, template }: FoundTemplate) {
    this.path = path;
    this.#text = text;
    this.isWhole = template.isWhole;
    this.#problem = template.problem;
    this.#parts = template.parts.map((part) =>
      typeof part === "string" ? part : { expression: compileExpression(part.text), offset: part.offset }
    );
  }

  references(): PlacedReference[] {
    return this.#expressions().flatMap(({ expression, offset }) =>
      expression.references.map((reference) => ({
        ...moveReference(reference, offset),
        path: this.path,
        isInterpolated: !this.isWhole,
      }))
    );
  }

  problems(): PlacedProblem[] {
    const problems = this.#expressions().flatMap(({ expression, offset }) =>
      expression.problems.map((problem) => ({ ...problem, offset: problem.offset + offset, path: this.path }))
    );
    return this.#problem === undefined ? problems : [...problems, { ...this.#problem, path: this.path }];
  }

  evaluate(scope: ExpressionScope, options: EvaluateOptions): Value | Promise<Value> {
    const optionsHere = { ...options, place: [...(options.place ?? []), ...this.path] };
    if (this.#problem !== undefined) {
      const error = new FlowError("expression_failed", this.#problem.message, { hint: this.#problem.hint });
      throw toExpressionError(error, this.#text, optionsHere.place);
    }
    const evaluate = (part: string | PlacedExpression) =>
      typeof part === "string" ? part : part.expression.evaluate(scope, optionsHere);
    return then(settleAll(this.#parts, evaluate), (values) => this.#join(values, optionsHere));
  }

  #join(values: readonly (Value | undefined)[], { place, maxBytes = DEFAULT_MAX_BYTES }: EvaluateOptions): Value {
    if (this.isWhole) return values[this.#parts.findIndex((part) => typeof part !== "string")] ?? null;
    let text = "";
    for (const [index, value] of values.entries()) {
      const part = this.#parts[index];
      try {
        text += interpolate(value);
        if (text.length > maxBytes) throw tooLarge(maxBytes);
      } catch (thrown) {
        throw toExpressionError(thrown, typeof part === "object" ? part.expression.text : "", place);
      }
    }
    return text;
  }

  #expressions(): PlacedExpression[] {
    return this.#parts.filter((part) => typeof part !== "string");
  }
}
