import { type EvaluateOptions, loadExpressions, needsLanguage } from "./expression.ts";
import { checkReference, type KnownNames } from "./expression_check.ts";
import { readCondition } from "./expression_condition.ts";
import { expressionsOf, findTemplates, Place, type PlacedReference } from "./expression_place.ts";
import type { PlacedProblem } from "./expression_problem.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { Path } from "./issue.ts";
import { hasTemplates } from "./language.ts";
import { setOwn } from "./plain.ts";
import { settleAll, then } from "./settle.ts";
import type { Value, Values } from "./value.ts";

/** A config with expressions in it. */
export interface CompiledConfig {
  readonly references: readonly PlacedReference[];
  /** Mistakes that need no workflow to be found. */
  readonly problems: readonly PlacedProblem[];
  /** Places whose type is known only after evaluation: strings that are one expression. */
  readonly holes: readonly Path[];
  /** Places that hold text of which only evaluation tells what it is: strings with expressions in them. */
  readonly blends: readonly Path[];
  /** Mistakes of both kinds. */
  check(known: KnownNames): PlacedProblem[];
  /**
   * The config with its expressions evaluated; at once if all of them are plain paths. Parts without expressions are not
   * copied. A string that is one expression and yields nothing becomes null.
   *
   * @throws {FlowError} `expression_failed`, or rejects with it.
   */
  evaluate(scope: ExpressionScope, options?: EvaluateOptions): Values | Promise<Values>;
}

/**
 * Loads the expression language if a document has expressions that need it: {@link compileConfig} and
 * {@link compileCondition} then work at once. Conditions that stand without `${{` are given as `conditions`.
 */
export async function loadLanguageFor(document: unknown, conditions: readonly string[] = []): Promise<void> {
  const isNeeded = conditions.some((text) => needsLanguage(readCondition(text).text)) ||
    (hasTemplates(document) &&
      [...findTemplates(document)].flatMap(expressionsOf).some(({ text }) => needsLanguage(text)));
  if (isNeeded) await loadExpressions();
}

/**
 * Reads the expressions in a config, at any depth; keys are never expressions. Undefined if there are none. Never throws
 * for what is written there: see `problems`.
 */
export function compileConfig(config: Values): CompiledConfig | undefined {
  if (!hasTemplates(config)) return undefined;
  return new Config(config, [...findTemplates(config)].map((found) => new Place(found)));
}

class Config implements CompiledConfig {
  readonly references: readonly PlacedReference[];
  readonly problems: readonly PlacedProblem[];
  readonly holes: readonly Path[];
  readonly blends: readonly Path[];
  readonly #config: Values;
  readonly #places: readonly Place[];

  constructor(config: Values, places: readonly Place[]) {
    this.#config = config;
    this.#places = places;
    this.references = places.flatMap((place) => place.references());
    this.problems = places.flatMap((place) => place.problems());
    this.holes = places.filter((place) => place.isWhole).map((place) => place.path);
    this.blends = places.filter((place) => !place.isWhole).map((place) => place.path);
  }

  check(known: KnownNames): PlacedProblem[] {
    const unknown = this.references.flatMap((reference) =>
      checkReference(reference, known).map((problem) => ({ ...problem, path: reference.path }))
    );
    return [...this.problems, ...unknown];
  }

  evaluate(scope: ExpressionScope, options: EvaluateOptions = {}): Values | Promise<Values> {
    return then(settleAll(this.#places, (place) => place.evaluate(scope, options)), (values) => this.#fill(values));
  }

  /** Copies what lies on the way to a place, and shares the rest. */
  #fill(values: readonly Value[]): Values {
    const root: Values = { ...this.#config };
    const copies = new Set<Value>([root]);
    for (const [index, { path }] of this.#places.entries()) setAt(root, path, values[index] ?? null, copies);
    return root;
  }
}

type Container = Record<string | number, Value>;

function setAt(root: Values, path: Path, value: Value, copies: Set<Value>): void {
  let container = root as Container;
  for (const part of path.slice(0, -1)) {
    let inner = container[part] as Value;
    if (!copies.has(inner)) {
      inner = Array.isArray(inner) ? [...inner] : { ...inner as Values };
      copies.add(inner);
      setOwn<Value>(container, String(part), inner);
    }
    container = inner as Container;
  }
  const last = path.at(-1);
  if (last !== undefined) setOwn<Value>(container, String(last), value);
}
