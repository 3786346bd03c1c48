import type { Issue, Path } from "./issue.ts";
import { JsonLexer, type Token } from "./json_lexer.ts";
import { quote, setOwn } from "./plain.ts";
import { emptyIssue, LineIndex, type Position, type SourceDocument, syntaxIssue } from "./source.ts";

/** Levels that a document may have. */
export const MAX_DOCUMENT_DEPTH = 100;

/** More duplicates than this help nobody. */
const MAX_DUPLICATES = 100;

/** JSON that is known to be good, and is read a second time only if something has to be located. */
export function openParsedJson(text: string, raw: unknown): SourceDocument {
  return { raw, issues: [], locate: (paths) => locateJson(text, paths) };
}

/** Reads JSON with comments and trailing commas; says where it goes wrong, and which keys are there twice. */
export function readJson(text: string): SourceDocument {
  const reader = new JsonReader(text);
  const raw = reader.read();
  const lines = new LineIndex(text);
  const issues = reader.findings.map((finding): Issue => ({ ...finding.issue, ...lines.at(finding.offset) }));
  return { raw, issues, locate: (paths) => locateJson(text, paths) };
}

function locateJson(text: string, paths: readonly { path: Path; key: boolean }[]): (Position | undefined)[] {
  const root = new Wanted();
  const found = paths.map(({ path }) => root.add(path));
  new JsonReader(text, root).read();
  const lines = new LineIndex(text);
  return paths.map(({ key }, index) => {
    const place = found[index]?.closest();
    const offset = key ? place?.keyOffset ?? place?.offset : place?.offset;
    return offset === undefined ? undefined : lines.at(offset);
  });
}

/** A tree of the paths to locate. */
class Wanted {
  offset: number | undefined;
  keyOffset: number | undefined;
  readonly #parent: Wanted | undefined;
  readonly #children = new Map<string | number, Wanted>();

  constructor(parent?: Wanted) {
    this.#parent = parent;
  }

  /** The place at the end of `path`, made if need be. */
  add(path: Path): Wanted {
    const [part, ...rest] = path;
    if (part === undefined) return this;
    let child = this.child(part);
    if (child === undefined) this.#children.set(part, child = new Wanted(this));
    return child.add(rest);
  }

  child(part: string | number): Wanted | undefined {
    return this.#children.get(part);
  }

  /** This place, or the closest one around it that is in the text. */
  closest(): Wanted | undefined {
    return this.offset !== undefined ? this : this.#parent?.closest();
  }
}

/** A list or an object that is being read. */
interface Frame {
  list: unknown[] | undefined;
  object: Record<string, unknown> | undefined;
  key: string;
  wanted: Wanted | undefined;
}

type State = "value" | "first" | "key" | "colon" | "after" | "done";

interface Finding {
  issue: Issue;
  offset: number;
}

/** A parser with a stack of its own: no nesting can exhaust the call stack. It stops at the first syntax error. */
class JsonReader {
  readonly findings: Finding[] = [];
  readonly #lexer: JsonLexer;
  readonly #frames: Frame[] = [];
  readonly #wanted: Wanted | undefined;
  #state: State = "value";
  #result: unknown;

  constructor(text: string, wanted?: Wanted) {
    this.#lexer = new JsonLexer(text);
    this.#wanted = wanted;
  }

  /** Undefined after a syntax error. */
  read(): unknown {
    for (;;) {
      const token = this.#lexer.next();
      if (token.kind === "end" && this.#state === "done") return this.#result;
      if (token.kind === "bad" || token.kind === "end" || !this.#accept(token)) {
        if (this.findings.at(-1)?.issue.severity !== "error") this.#unexpected(token);
        return undefined;
      }
    }
  }

  #accept(token: Token): boolean {
    const frame = this.#frames.at(-1);
    switch (this.#state) {
      case "done":
        return false;
      case "colon":
        if (token.kind !== "punctuation" || token.text !== ":") return false;
        this.#state = "value";
        return true;
      case "after":
        return token.kind === "punctuation" && this.#acceptAfter(token.text, frame);
      case "key":
      case "first":
        if (token.kind === "punctuation" && isClosing(token.text, frame)) return this.#close();
        return frame?.object === undefined ? this.#acceptValue(token, frame) : this.#acceptKey(token, frame);
      case "value":
        return this.#acceptValue(token, frame);
    }
  }

  #acceptAfter(text: string, frame: Frame | undefined): boolean {
    if (isClosing(text, frame)) return this.#close();
    if (text !== ",") return false;
    this.#state = "key";
    return true;
  }

  #acceptKey(token: Token, frame: Frame): boolean {
    if (token.kind !== "string") return false;
    frame.key = String(token.value);
    if (Object.hasOwn(frame.object ?? {}, frame.key)) this.#duplicate(token);
    const wanted = frame.wanted?.child(frame.key);
    if (wanted !== undefined) wanted.keyOffset = token.offset;
    this.#state = "colon";
    return true;
  }

  #acceptValue(token: Token, frame: Frame | undefined): boolean {
    const part = frame?.list?.length ?? frame?.key ?? 0;
    const wanted = frame === undefined ? this.#wanted : frame.wanted?.child(part);
    if (wanted !== undefined) wanted.offset = token.offset;
    if (token.kind !== "punctuation") {
      this.#put(token.value, frame);
      this.#state = frame === undefined ? "done" : "after";
      return true;
    }
    if (token.text !== "{" && token.text !== "[") return false;
    if (this.#frames.length >= MAX_DOCUMENT_DEPTH) return this.#tooDeep(token);
    const list: unknown[] | undefined = token.text === "[" ? [] : undefined;
    const object = list === undefined ? {} : undefined;
    this.#put(list ?? object, frame);
    this.#frames.push({ list, object, key: "", wanted });
    this.#state = "first";
    return true;
  }

  #put(value: unknown, frame: Frame | undefined): void {
    if (frame === undefined) this.#result = value;
    else if (frame.list !== undefined) frame.list.push(value);
    else if (frame.object !== undefined) setOwn(frame.object, frame.key, value);
  }

  #close(): boolean {
    this.#frames.pop();
    this.#state = this.#frames.length === 0 ? "done" : "after";
    return true;
  }

  #duplicate(token: Token): void {
    if (this.findings.length >= MAX_DUPLICATES) return;
    const path = this.#frames.map((frame) => frame.list === undefined ? frame.key : frame.list.length - 1);
    const message = `Key ${quote(String(token.value))} is there twice: the last one counts`;
    const hint = "Remove one of them.";
    this.findings.push({
      issue: { severity: "warning", code: "duplicate_key", message, hint, path },
      offset: token.offset,
    });
  }

  #tooDeep(token: Token): boolean {
    const message = `Document is nested deeper than ${MAX_DOCUMENT_DEPTH} levels`;
    this.findings.push({
      issue: syntaxIssue("too_deep", message, undefined, "Make it flatter."),
      offset: token.offset,
    });
    return false;
  }

  #unexpected(token: Token): void {
    if (token.kind === "end" && this.#state === "value" && this.#frames.length === 0) {
      this.findings.push({ issue: emptyIssue(), offset: 0 });
      return;
    }
    const found = token.kind === "end" ? "the end of the text" : token.kind === "bad" ? token.text : quote(token.text);
    const message = `Cannot read the JSON: expected ${this.#expected()}, found ${found}`;
    this.findings.push({ issue: syntaxIssue("invalid_syntax", message), offset: token.offset });
  }

  #expected(): string {
    const frame = this.#frames.at(-1);
    const closing = frame?.list === undefined ? '"}"' : '"]"';
    if (this.#state === "done") return "the end of the text";
    if (this.#state === "colon") return '":"';
    if (this.#state === "after") return `"," or ${closing}`;
    if (this.#state === "value") return "a value";
    return frame?.list === undefined ? 'a key in double quotes or "}"' : 'a value or "]"';
  }
}

function isClosing(text: string, frame: Frame | undefined): boolean {
  return frame !== undefined && text === (frame.list === undefined ? "}" : "]");
}
