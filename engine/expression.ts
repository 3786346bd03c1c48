import { analyzeTree } from "./expression_analysis.ts";
import { describeSyntax, toExpressionError } from "./expression_errors.ts";
import { isLanguageLoaded, loadLanguage, parseProgram, type Program } from "./expression_language.ts";
import { scanExpression } from "./expression_lexer.ts";
import { NEEDS_LANGUAGE, parsePath, type PlainPath, walkPath } from "./expression_path.ts";
import type { ExpressionProblem } from "./expression_problem.ts";
import type { Reference } from "./expression_reference.ts";
import { readResult } from "./expression_result.ts";
import { buildInput, type ExpressionScope } from "./expression_scope.ts";
import { FlowError } from "./errors.ts";
import type { Path } from "./issue.ts";
import type { Value } from "./value.ts";

/** What one evaluation may cost. */
export interface EvaluateOptions {
  /** Milliseconds; default 1000. */
  readonly timeoutMs?: number;
  /** Of the result as JSON; default 16 MiB. What a plain path leads to has no limit. */
  readonly maxBytes?: number;
  /** Where the expression stands; for messages. */
  readonly place?: Path | undefined;
}

/** An expression that was read once and can be evaluated often. */
export interface Expression {
  readonly text: string;
  /** What it uses, in the order of its text. */
  readonly references: readonly Reference[];
  /** What is wrong with it; one that has problems cannot be evaluated. */
  readonly problems: readonly ExpressionProblem[];
  /**
   * Answers at once if the expression is a plain path. Undefined: it yields nothing.
   *
   * @throws {FlowError} `expression_failed`, or rejects with it.
   */
  evaluate(scope: ExpressionScope, options?: EvaluateOptions): Value | undefined | Promise<Value | undefined>;
}

const DEFAULT_TIMEOUT_MS = 1000;
export const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const MAX_LENGTH = 20_000;
const MAX_WEIGHT = 100_000;
const MAX_CACHED = 2_000;

const cache = new Map<string, Expression>();

/**
 * Reads an expression (the text between `${{` and `}}`). Never throws for what is written there: see `problems`. Texts
 * that were read lately are not read again.
 *
 * Whatever is more than a plain path needs the language: {@link loadExpressions} comes first.
 */
export function compileExpression(text: string): Expression {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const path = parsePath(text);
  const expression = path === undefined ? readExpression(text) : new PathExpression(text, path);
  const [oldest] = cache.size >= MAX_CACHED ? cache.keys() : [];
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(text, expression);
  return expression;
}

/** Whether an expression cannot be read before the language is loaded. */
export function needsLanguage(text: string): boolean {
  return !isLanguageLoaded() && parsePath(text) === undefined;
}

/** Makes every expression readable. Costs an import, once. */
export function loadExpressions(): Promise<void> {
  return loadLanguage();
}

function readExpression(text: string): Expression {
  const scan = scanExpression(text);
  const problem = findObstacle(text, scan.weight);
  if (problem !== undefined) return new LanguageExpression(text, [], [problem]);
  const starts = new Map(scan.tokens.map((token) => [token.end, token.start]));
  const startOf = (end: number) => starts.get(end) ?? end;
  let program: Program;
  try {
    program = parseProgram(text);
    const { references, problems, changesObjects } = analyzeTree(program.tree, startOf);
    return new LanguageExpression(text, references, problems, { program, changesObjects });
  } catch (thrown) {
    if (thrown instanceof FlowError) throw thrown;
    return new LanguageExpression(text, [], [describeSyntax(thrown, startOf)]);
  }
}

function findObstacle(text: string, weight: number): ExpressionProblem | undefined {
  const problem = (message: string, hint: string): ExpressionProblem => ({
    code: "invalid_expression",
    message,
    hint,
    offset: 0,
  });
  if (text.trim() === "") return problem("Expression is empty", "Write what it stands for, such as inputs.name.");
  if (text.length > MAX_LENGTH) {
    return problem(`Expression has more than ${MAX_LENGTH} characters`, "Do this work in a node.");
  }
  if (weight <= MAX_WEIGHT) return undefined;
  return problem("Expression nests too many ?? or ?: operators", "Bind parts of it to variables: ($a := ...; ...).");
}

class PathExpression implements Expression {
  readonly references: readonly Reference[];
  readonly problems: readonly ExpressionProblem[] = [];
  readonly #path: PlainPath;
  #mapping: Expression | undefined;

  constructor(readonly text: string, path: PlainPath) {
    this.#path = path;
    this.references = [path.reference];
  }

  evaluate(scope: ExpressionScope, options: EvaluateOptions = {}): Value | undefined | Promise<Value | undefined> {
    const { root, steps } = this.#path;
    if (root !== "nodes") {
      const value = walkPath(this.#path, scope[root]);
      return value === NEEDS_LANGUAGE ? this.#map(scope, options) : value;
    }
    const start = scope.nodes.get(String(steps[0]));
    const value = walkPath({ ...this.#path, steps: steps.slice(1) }, start);
    return value === NEEDS_LANGUAGE ? this.#map(scope, options) : value;
  }

  /** A list where a name was asked for: the language collects that name from its items. */
  async #map(scope: ExpressionScope, options: EvaluateOptions): Promise<Value | undefined> {
    await loadLanguage();
    this.#mapping ??= readExpression(this.text);
    return await this.#mapping.evaluate(scope, options);
  }
}

interface Readable {
  readonly program: Program;
  readonly changesObjects: boolean;
}

class LanguageExpression implements Expression {
  readonly #readable: Readable | undefined;

  constructor(
    readonly text: string,
    readonly references: readonly Reference[],
    readonly problems: readonly ExpressionProblem[],
    readable?: Readable,
  ) {
    this.#readable = readable;
  }

  async evaluate(scope: ExpressionScope, options: EvaluateOptions = {}): Promise<Value | undefined> {
    try {
      const { program, changesObjects } = this.#sound();
      const input = buildInput(scope, this.references, changesObjects);
      const result = await program.run(input, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      return readResult(result, options.maxBytes ?? DEFAULT_MAX_BYTES);
    } catch (thrown) {
      throw toExpressionError(thrown, this.text, options.place);
    }
  }

  #sound(): Readable {
    const [problem] = this.problems;
    if (problem === undefined && this.#readable !== undefined) return this.#readable;
    throw new FlowError("expression_failed", problem?.message ?? "it cannot be read", { hint: problem?.hint });
  }
}
