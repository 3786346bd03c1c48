import type jsonata from "jsonata";
import { FlowError } from "./errors.ts";
import type { AstNode } from "./expression_ast.ts";
import { distinct, pad, sort } from "./expression_functions.ts";

/** How deep evaluation may recurse, and how many items a list may have on the way. */
const MAX_DEPTH = 500;
const MAX_ITEMS = 1_000_000;

/** Matching takes time that grows faster than the text, and nothing can stop it. */
const MAX_MATCHED_LENGTH = 100_000;

/** A parsed expression. */
export interface Program {
  readonly tree: AstNode;
  /** Rejects with whatever the language throws. The outcome may have its own kinds of objects in it. */
  run(input: object, timeoutMs: number): Promise<unknown>;
}

let language: typeof jsonata | undefined;
let loading: Promise<void> | undefined;

export function isLanguageLoaded(): boolean {
  return language !== undefined;
}

/** Imports JSONata, once; it is not on the path of a start without expressions. */
export function loadLanguage(): Promise<void> {
  loading ??= import("jsonata").then((module) => {
    language = module.default;
  });
  return loading;
}

/** Parses an expression; throws what the language throws. The language has to be loaded. */
export function parseProgram(text: string): Program {
  if (language === undefined) throw new FlowError("internal", "The expression language is not loaded");
  const limits = { timeout: 0, stack: MAX_DEPTH, sequence: MAX_ITEMS, RegexEngine: LimitedRegExp as RegExpConstructor };
  const expression = language(text, limits);
  expression.assign("eval", undefined);
  expression.registerFunction("distinct", distinct, "<x:x>");
  expression.registerFunction("pad", pad, "<s-ns?:s>");
  expression.registerFunction("sort", sort, "<af?:a>");
  return {
    tree: expression.ast() as unknown as AstNode,
    run: (input, timeoutMs) =>
      inTurn(() => {
        limits.timeout = timeoutMs;
        return settleWithin(expression.evaluate(input), timeoutMs);
      }),
  };
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** One evaluation at a time: those that take turns would count each other's time as their own. */
function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(run);
  lastTurn = turn.catch(() => {});
  return turn;
}

/**
 * The language looks at the time itself while it works. It can only be brought to wait for something that never comes,
 * by an object that passes for a promise: `{"then": /x/}`.
 */
async function settleWithin<T>(evaluation: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(), { code: "D1012", value: timeoutMs })), timeoutMs);
  });
  try {
    return await Promise.race([evaluation, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

class LimitedRegExp extends RegExp {
  override exec(text: string): RegExpExecArray | null {
    if (text.length > MAX_MATCHED_LENGTH) {
      throw new FlowError(
        "expression_failed",
        `a text is too long for a regular expression: more than ${MAX_MATCHED_LENGTH} characters`,
        { hint: "Split it first, or match in a node." },
      );
    }
    return super.exec(text);
  }
}
