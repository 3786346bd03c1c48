/** A piece of JSON with comments. */
export interface Token {
  kind: "punctuation" | "string" | "number" | "word" | "end" | "bad";
  /** As it stands in the text; what is wrong with it, if it is bad. */
  text: string;
  offset: number;
  /** Of strings, numbers and the words `true`, `false`, `null`. */
  value?: string | number | boolean | null;
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([["true", true], ["false", false], ["null", null]]);
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** A comment, with its signs. */
export interface Comment {
  readonly text: string;
  readonly offset: number;
}

/** Cuts JSON with comments into tokens. Reads each character once and never recurses, whatever the text is. */
export class JsonLexer {
  readonly #text: string;
  readonly #onComment: (comment: Comment) => void;
  #offset = 0;

  /** Comments are left out of the tokens, and told to `onComment`. */
  constructor(text: string, onComment: (comment: Comment) => void = () => {}) {
    this.#text = text;
    this.#onComment = onComment;
  }

  next(): Token {
    const unclosed = this.#skipSpace();
    if (unclosed !== undefined) return unclosed;
    const offset = this.#offset;
    const character = this.#text[offset];
    if (character === undefined) return { kind: "end", text: "", offset };
    if ("{}[],:".includes(character)) {
      this.#offset++;
      return { kind: "punctuation", text: character, offset };
    }
    return character === '"' ? this.#string(offset) : this.#word(offset, character);
  }

  /** Skips white space and comments; answers a bad token if a comment has no end. */
  #skipSpace(): Token | undefined {
    for (;;) {
      const character = this.#text[this.#offset];
      if (character === " " || character === "\n" || character === "\r" || character === "\t") this.#offset++;
      else if (character !== "/") return undefined;
      else if (this.#text[this.#offset + 1] === "/") this.#comment(this.#find("\n", this.#offset));
      else if (this.#text[this.#offset + 1] === "*") {
        const start = this.#offset;
        const end = this.#text.indexOf("*/", start + 2);
        if (end < 0) return { kind: "bad", text: "a comment that has no end", offset: start };
        this.#comment(end + 2);
      } else return undefined;
    }
  }

  #comment(end: number): void {
    this.#onComment({ text: this.#text.slice(this.#offset, end).trimEnd(), offset: this.#offset });
    this.#offset = end;
  }

  #string(offset: number): Token {
    let end = offset + 1;
    for (; this.#text[end] !== '"'; end++) {
      const character = this.#text[end];
      if (character === undefined || character === "\n") {
        return { kind: "bad", text: "text that has no closing quote", offset };
      }
      if (character === "\\") end++;
    }
    this.#offset = end + 1;
    const text = this.#text.slice(offset, end + 1);
    try {
      return { kind: "string", text, offset, value: JSON.parse(text) as string };
    } catch {
      return { kind: "bad", text: "text with a wrong escape or a control character", offset };
    }
  }

  #word(offset: number, first: string): Token {
    let end = offset + 1;
    if (/[\w.+-]/.test(first)) { while (/[\w.+-]/.test(this.#text[end] ?? "")) end++; }
    this.#offset = end;
    const text = this.#text.slice(offset, end);
    const value = WORDS.get(text);
    if (value !== undefined) return { kind: "word", text, offset, value };
    if (NUMBER.test(text)) return { kind: "number", text, offset, value: Number(text) };
    return { kind: "bad", text: describeBad(text), offset };
  }

  #find(what: string, from: number): number {
    const found = this.#text.indexOf(what, from);
    return found < 0 ? this.#text.length : found;
  }
}

function describeBad(text: string): string {
  if (text.startsWith("'")) return "a single quote (JSON has double quotes only)";
  if (text === "\0") return "a NUL byte";
  return JSON.stringify(text.length <= 40 ? text : `${text.slice(0, 40)}...`);
}
