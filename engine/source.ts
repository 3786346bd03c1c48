import type { Issue, IssueCode, Path } from "./issue.ts";

/** A place in a text; both from 1, the column in characters. */
export interface Position {
  line: number;
  column: number;
}

/** A document after reading: plain data, what was wrong with the text, and where things stand in it. */
export interface SourceDocument {
  /** Undefined if the text cannot be read. */
  readonly raw: unknown;
  readonly issues: readonly Issue[];
  /**
   * The places of `paths`, in their order; of the closest thing around where a path leads nowhere. With `key` it is the
   * name of the property that counts, not its value.
   */
  locate(paths: readonly { path: Path; key: boolean }[]): (Position | undefined)[];
}

/** Turns offsets into lines and columns. */
export class LineIndex {
  readonly #starts = [0];

  constructor(text: string) {
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) this.#starts.push(end + 1);
  }

  at(offset: number): Position {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

/** An error in the text itself. */
export function syntaxIssue(code: IssueCode, message: string, position?: Position, hint?: string): Issue {
  return { severity: "error", code, message, ...(hint === undefined ? {} : { hint }), path: [], ...position };
}

/** That there is nothing but white space and comments. */
export function emptyIssue(): Issue {
  return syntaxIssue(
    "empty_document",
    "Document is empty",
    undefined,
    "Write one with `flow init`, or see the examples.",
  );
}

/** A document that cannot be read. */
export function unreadable(issue: Issue): SourceDocument {
  return { raw: undefined, issues: [issue], locate: (paths) => paths.map(() => undefined) };
}
