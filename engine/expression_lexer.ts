/** A piece of an expression; offsets count from the start of the scanned text. */
export interface ExpressionToken {
  readonly kind: "operand" | "operator";
  readonly start: number;
  readonly end: number;
}

/** What {@link scanExpression} found. */
export interface ExpressionScan {
  readonly tokens: readonly ExpressionToken[];
  /** Where the `}}` stands that closes the expression; the length of the text if there is none. */
  readonly end: number;
  readonly isClosed: boolean;
  /** Something that begins and has no end, if there is one. */
  readonly unclosed: { what: string; offset: number } | undefined;
  /**
   * How large the parser's tree grows, in tokens. `??` and `?:` make it copy what stands on their left: nested forty
   * times, they would fill any memory.
   */
  readonly weight: number;
}

const SPACE = " \t\n\r\v";
const DOUBLE_OPERATORS = new Set(["..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"]);
const OPERATORS = ".[]{}(),@#;:?+-*/%|=<>^&!~";
const NUMBER = /(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;

/**
 * Cuts a JSONata expression into tokens, up to the `}}` that closes it: braces in texts, quoted names, comments and
 * regular expressions do not count, nor do those of objects. Reads each character once and never recurses.
 */
export function scanExpression(text: string, from = 0): ExpressionScan {
  return new Scanner(text, from).scan();
}

class Scanner {
  readonly #text: string;
  readonly #tokens: ExpressionToken[] = [];
  readonly #groups: { closed: number; current: number }[] = [{ closed: 0, current: 0 }];
  #offset: number;
  #braces = 0;
  /** Whether an operand has just ended, so that a slash divides instead of opening a regular expression. */
  #afterOperand = false;
  #unclosed: ExpressionScan["unclosed"];

  constructor(text: string, from: number) {
    this.#text = text;
    this.#offset = from;
  }

  scan(): ExpressionScan {
    while (this.#skipSpace()) {
      if (this.#text.startsWith("}}", this.#offset) && this.#braces === 0) return this.#result(true);
      this.#next(this.#offset, this.#text.charAt(this.#offset));
    }
    return this.#result(false);
  }

  #result(isClosed: boolean): ExpressionScan {
    const weight = this.#groups.reduce((sum, { closed, current }) => sum + closed + current, 0);
    return { tokens: this.#tokens, end: this.#offset, isClosed, unclosed: this.#unclosed, weight };
  }

  /** Skips white space and comments; answers whether something follows. */
  #skipSpace(): boolean {
    for (;;) {
      const character = this.#text.charAt(this.#offset);
      if (character === "") return false;
      if (SPACE.includes(character)) this.#offset++;
      else if (this.#text.startsWith("/*", this.#offset)) this.#skipTo("*/", this.#offset + 2, "comment");
      else return true;
    }
  }

  #next(start: number, character: string): void {
    if (character === "/" && !this.#afterOperand) return this.#regex(start);
    const double = this.#text.slice(start, start + 2);
    if (DOUBLE_OPERATORS.has(double)) return this.#operator(start, double);
    if (OPERATORS.includes(character)) return this.#operator(start, character);
    if (character === "`") this.#skipTo("`", start + 1, "quoted name");
    else if (character === '"' || character === "'") this.#skipString(start, character);
    else if (character >= "0" && character <= "9") this.#skipNumber(start);
    else this.#skipName(start);
    const word = this.#text.slice(start, this.#offset);
    const isWordOperator = this.#afterOperand && (word === "and" || word === "or" || word === "in");
    this.#push(start, !isWordOperator);
  }

  #operator(start: number, operator: string): void {
    this.#offset += operator.length;
    const isWildcard = !this.#afterOperand && (operator === "*" || operator === "**" || operator === "%");
    if (operator === "{") this.#braces++;
    if (operator === "}") this.#braces--;
    this.#weigh(operator);
    this.#push(start, isWildcard || operator === ")" || operator === "]" || operator === "}");
  }

  #weigh(operator: string): void {
    const group = this.#groups.at(-1) ?? { closed: 0, current: 0 };
    if ("([{".includes(operator)) this.#groups.push({ closed: 0, current: 0 });
    else if (")]}".includes(operator) && this.#groups.length > 1) {
      this.#groups.pop();
      const outer = this.#groups.at(-1);
      if (outer !== undefined) outer.current += group.closed + group.current;
    } else if (operator === "??" || operator === "?:") {
      group.closed += 2 * group.current;
      group.current = 0;
    } else if (operator === "," || operator === ";") {
      group.closed += group.current;
      group.current = 0;
    }
  }

  #push(start: number, isOperand: boolean): void {
    this.#tokens.push({ kind: isOperand ? "operand" : "operator", start, end: this.#offset });
    this.#afterOperand = isOperand;
    const group = this.#groups.at(-1);
    if (group !== undefined) group.current++;
  }

  #skipString(start: number, quote: string): void {
    for (let offset = start + 1; offset < this.#text.length; offset++) {
      const character = this.#text.charAt(offset);
      if (character === "\\") offset++;
      else if (character === quote) {
        this.#offset = offset + 1;
        return;
      }
    }
    this.#neverEnds("text in quotes", start);
  }

  #skipNumber(start: number): void {
    NUMBER.lastIndex = start;
    this.#offset = NUMBER.test(this.#text) ? NUMBER.lastIndex : start + 1;
  }

  #skipName(start: number): void {
    let offset = start + 1;
    for (; offset < this.#text.length; offset++) {
      const character = this.#text.charAt(offset);
      if (SPACE.includes(character) || OPERATORS.includes(character)) break;
    }
    this.#offset = offset;
  }

  /** A slash in brackets does not end a regular expression. */
  #regex(start: number): void {
    let depth = 0;
    for (let offset = start + 1; offset < this.#text.length; offset++) {
      const character = this.#text.charAt(offset);
      if (character === "\\") offset++;
      else if ("([{".includes(character)) depth++;
      else if (")]}".includes(character)) depth--;
      else if (character === "/" && depth === 0) {
        this.#offset = offset + 1;
        while (/[im]/.test(this.#text.charAt(this.#offset))) this.#offset++;
        return this.#push(start, true);
      }
    }
    this.#neverEnds("regular expression", start);
  }

  #skipTo(closing: string, from: number, what: string): void {
    const found = this.#text.indexOf(closing, from);
    if (found < 0) this.#neverEnds(what, this.#offset);
    else this.#offset = found + closing.length;
  }

  #neverEnds(what: string, offset: number): void {
    this.#unclosed = { what, offset };
    this.#offset = this.#text.length;
  }
}
