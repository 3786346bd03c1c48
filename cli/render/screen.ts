import type { OutputStream } from "../output.ts";
import { measureWidth, truncate } from "./text.ts";

/** A piece of a line and how it looks. Text holds no control characters. */
export type Segment = readonly [text: string, paint?: (text: string) => string];
export type Line = readonly Segment[];

/** Size of a terminal, in characters. */
export interface TerminalSize {
  columns: number;
  rows: number;
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/**
 * The last lines of a terminal, drawn again and again in place; text that stays scrolls by above them.
 *
 *   S1. A drawn line never wraps: it is cut to the width of the terminal.
 *   S2. The drawn region is lower than the terminal, so that its first line can always be reached again.
 *   S3. After `close` the cursor is visible and stands below everything.
 */
export class Screen {
  readonly #output: OutputStream;
  readonly #size: () => TerminalSize;
  #drawn: readonly number[] = [];
  #isOpen = false;

  constructor(output: OutputStream, size: () => TerminalSize) {
    this.#output = output;
    this.#size = size;
  }

  /** Prints `above` for good, and replaces the region by `lines`. */
  draw(lines: readonly Line[], above: readonly Line[] = []): void {
    const { columns, rows } = this.#size();
    const shown = lines.slice(0, Math.max(1, rows - 1));
    const open = this.#isOpen ? "" : HIDE_CURSOR;
    this.#isOpen = true;
    this.#output.write(open + this.#erase(columns) + above.map(render).join("") + cut(shown, columns));
    this.#drawn = shown.map((line) => Math.min(lineWidth(line), columns - 1));
  }

  /** Replaces the region by `lines` and leaves them there, also if they are more than fit. */
  close(lines: readonly Line[], above: readonly Line[] = []): void {
    const { columns } = this.#size();
    const text = this.#erase(columns) + above.map(render).join("") + cut(lines, columns);
    this.#output.write(text + (this.#isOpen ? SHOW_CURSOR : ""));
    this.#isOpen = false;
    this.#drawn = [];
  }

  /** Back to the first line of the region: a terminal that was made narrower has wrapped what was drawn. */
  #erase(columns: number): string {
    if (this.#drawn.length === 0) return "";
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return `\r\x1b[${rows}A${CLEAR_BELOW}`;
  }
}

function cut(lines: readonly Line[], columns: number): string {
  return lines.map((line) => render(cutLine(line, columns - 1))).join("");
}

function render(line: Line): string {
  return line.map(([text, paint]) => paint === undefined ? text : paint(text)).join("") + `${CLEAR_LINE_END}\n`;
}

function cutLine(line: Line, columns: number): Line {
  const kept: Segment[] = [];
  let left = columns;
  for (const [text, paint] of line) {
    if (left <= 0) break;
    const shown = truncate(text, left);
    left -= measureWidth(shown);
    kept.push(paint === undefined ? [shown] : [shown, paint]);
    if (shown !== text) break;
  }
  return kept;
}

function lineWidth(line: Line): number {
  return line.reduce((sum, [text]) => sum + measureWidth(text), 0);
}
