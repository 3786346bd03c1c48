import type { Note, Surroundings, Tree, TreeEntry, TreeItem, TreeValue } from "./comment_tree.ts";
import { FlowError } from "./errors.ts";
import { type Comment, JsonLexer, type Token } from "./json_lexer.ts";

/** Reads a JSON text, known to be good and not too deep, with its comments. */
export function readJsonTree(text: string): Tree {
  return new TreeReader(text).read();
}

/** Reads tokens one ahead, and keeps the comments before each. */
class TreeReader {
  readonly #text: string;
  readonly #lexer: JsonLexer;
  #comments: Comment[] = [];
  #token: Token;
  /** Where the last token, or the last comment that was taken, ends. */
  #end = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lexer = new JsonLexer(text, (comment) => this.#comments.push(comment));
    this.#token = this.#lexer.next();
  }

  read(): Tree {
    const around = this.#takeBefore();
    const value = this.#readValue();
    around.after.push(...this.#takeAfter());
    return { ...around, value, end: this.#takeNotes() };
  }

  #readValue(): TreeValue {
    const token = this.#take();
    if (token.kind !== "punctuation") return { kind: "scalar", text: token.text };
    const isBroken = this.#isNewLine(this.#comments[0]?.offset ?? this.#token.offset);
    if (token.text === "[") {
      return { kind: "list", isBroken, ...this.#readItems("]", (around) => ({ ...around, value: this.#readValue() })) };
    }
    return { kind: "object", isBroken, ...this.#readItems("}", (around) => this.#readEntry(around)) };
  }

  #readEntry(around: Surroundings): TreeEntry {
    const key = this.#take().text;
    around.before.push(...this.#takeNotes());
    this.#take();
    around.before.push(...this.#takeNotes());
    return { ...around, key, value: this.#readValue() };
  }

  #readItems<T extends TreeItem>(closing: string, readItem: (around: Surroundings) => T): { items: T[]; end: Note[] } {
    const items: T[] = [];
    while (!this.#isNext(closing)) {
      if (this.#token.kind === "end") throw new FlowError("internal", "Cannot read the JSON: it has no end");
      const item = readItem(this.#takeBefore());
      items.push(item);
      item.after.push(...this.#takeAfter());
      if (!this.#isNext(",")) continue;
      item.after.push(...this.#takeNotes().map(({ text }) => text));
      this.#take();
      item.after.push(...this.#takeAfter());
      settleAfter(item);
    }
    const end = this.#takeNotes();
    this.#take();
    return { items, end };
  }

  #isNext(punctuation: string): boolean {
    return this.#token.kind === "punctuation" && this.#token.text === punctuation;
  }

  #take(): Token {
    const token = this.#token;
    this.#end = token.offset + token.text.length;
    this.#token = this.#lexer.next();
    return token;
  }

  /** What stands before the next token. */
  #takeBefore(): Surroundings {
    const before = this.#takeNotes();
    return { before, after: [], isApart: this.#isApart(this.#token.offset) };
  }

  /** The comments on this line, unless something follows there that they may belong to. */
  #takeAfter(): string[] {
    let count = 0;
    let end = this.#end;
    for (const { offset, text } of this.#comments) {
      if (this.#isNewLine(offset, end)) break;
      end = offset + text.length;
      count++;
    }
    const next = this.#comments[count]?.offset ?? this.#token.offset;
    const isLastOnLine = this.#token.kind === "end" || ",]}".includes(this.#token.text) || this.#isNewLine(next, end);
    if (!isLastOnLine) return [];
    this.#end = end;
    return this.#comments.splice(0, count).map(({ text }) => text);
  }

  #takeNotes(): Note[] {
    return this.#comments.splice(0).map(({ text, offset }) => {
      const isApart = this.#isApart(offset);
      this.#end = offset + text.length;
      return { text, isApart };
    });
  }

  #isNewLine(offset: number, from = this.#end): boolean {
    return this.#text.slice(from, offset).includes("\n");
  }

  #isApart(offset: number): boolean {
    return /\n[ \t\r]*\n/.test(this.#text.slice(this.#end, offset));
  }
}

/** Of several comments behind a value only one can end with the line; with the others it goes above. */
function settleAfter(item: TreeItem): void {
  const last = item.after.findLastIndex((text) => !isBlock(text));
  const isSettled = last < 0 || (last === item.after.length - 1 && item.after.slice(0, -1).every(isBlock));
  if (isSettled) return;
  item.before.push(...item.after.splice(0, last + 1).map((text) => ({ text, isApart: false })));
}

/** Whether a comment has an end of its own. */
export function isBlock(comment: string): boolean {
  return comment.startsWith("/*");
}
