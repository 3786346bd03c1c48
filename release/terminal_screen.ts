import { measureWidth } from "../cli/render/text.ts";

/** How a character looks. */
export interface CellStyle {
  readonly color?: "red" | "green" | "yellow" | "cyan";
  readonly isBold?: boolean;
  readonly isDim?: boolean;
}

/** A run of characters that look the same. */
export interface StyledText {
  /** From 0. */
  readonly column: number;
  readonly text: string;
  readonly style: CellStyle;
}

interface Cell {
  /** Empty behind a character that is two columns wide. */
  readonly text: string;
  readonly style: CellStyle;
}

type Line = (Cell | undefined)[];

const PLAIN: CellStyle = {};
const COLORS: Readonly<Record<string, CellStyle["color"]>> = { 31: "red", 32: "green", 33: "yellow", 36: "cyan" };

/**
 * As much of a VT100 as `flow` makes use of: text, colors, line breaks, cursor up, erasing, and whether the cursor is
 * visible. It throws at anything else.
 */
export class TerminalScreen {
  #rows: number;
  #columns: number;
  /** All that was ever shown; the last `rows` are on the screen. */
  #lines: Line[] = [[]];
  #row = 0;
  #column = 0;
  #style = PLAIN;
  #wrapped = 0;
  #isCursorVisible = true;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  get isCursorVisible(): boolean {
    return this.#isCursorVisible;
  }

  /** How often text ran over the right edge. */
  get wrapped(): number {
    return this.#wrapped;
  }

  /** All lines, those that have scrolled away included; without spaces at their ends. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => Array.from(line, (cell) => cell?.text ?? " ").join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** What is on the screen now, line by line. */
  picture(): StyledText[][] {
    const lines = this.#lines.slice(-this.#rows).map(toRuns);
    return lines.slice(0, lines.findLastIndex((line) => line.length > 0) + 1);
  }

  write(text: string): void {
    // deno-lint-ignore no-control-regex -- a terminal lives on them
    for (const [token, parameter, verb] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[^]/gu)) {
      if (verb !== undefined) this.#control(verb, parameter ?? "");
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#newLine();
      else this.#print(token);
    }
  }

  /** Another size: lines that are too long now are wrapped, as most terminals do. */
  resize(rows: number, columns: number): void {
    this.#rows = rows;
    this.#columns = columns;
    const cursorLine = this.#row;
    const wrapped: Line[] = [];
    for (const [index, line] of this.#lines.entries()) {
      if (index === cursorLine) this.#row = wrapped.length;
      wrapped.push(line.slice(0, columns));
      for (let start = columns; start < line.length; start += columns) wrapped.push(line.slice(start, start + columns));
    }
    this.#lines = wrapped;
  }

  #control(verb: string, parameter: string): void {
    switch (verb) {
      case "A":
        // A cursor never leaves the screen: what has scrolled away cannot be reached.
        this.#row = Math.max(this.#row - Number(parameter || 1), this.#lines.length - this.#rows, 0);
        return;
      case "J":
        this.#lines.length = this.#row + 1;
        return this.#eraseLine();
      case "K":
        return this.#eraseLine();
      case "l":
      case "h":
        if (parameter === "?25") this.#isCursorVisible = verb === "h";
        return;
      case "m":
        return parameter.split(";").forEach((code) => this.#setStyle(code));
      default:
        throw new Error(`unexpected sequence "ESC[${parameter}${verb}"`);
    }
  }

  #eraseLine(): void {
    const line = this.#line();
    line.length = Math.min(line.length, this.#column);
  }

  #setStyle(code: string): void {
    const { color: _, ...rest } = this.#style;
    const color = COLORS[code];
    if (color !== undefined) this.#style = { ...this.#style, color };
    else if (code === "39") this.#style = rest;
    else if (code === "1") this.#style = { ...this.#style, isBold: true };
    else if (code === "2") this.#style = { ...this.#style, isDim: true };
    else if (code === "22") this.#style = { ...this.#style, isBold: false, isDim: false };
    else if (code === "0" || code === "") this.#style = PLAIN;
  }

  #print(text: string): void {
    if (text < " " || text === "\x7f") throw new Error(`unexpected control character ${JSON.stringify(text)}`);
    const width = measureWidth(text);
    if (this.#column + width > this.#columns) {
      this.#wrapped++;
      this.#newLine();
      this.#column = 0;
    }
    if (width === 0) return this.#combine(text);
    const line = this.#line();
    line[this.#column] = { text, style: this.#style };
    if (width === 2) line[this.#column + 1] = { text: "", style: this.#style };
    this.#column += width;
  }

  /** Puts a character without a width of its own to the one before. */
  #combine(text: string): void {
    const line = this.#line();
    const at = line.findLastIndex((cell) => cell?.text !== "");
    const { text: base = "", style = this.#style } = line[at] ?? {};
    line[Math.max(at, 0)] = { text: base + text, style };
  }

  #newLine(): void {
    this.#row++;
    if (this.#row >= this.#lines.length) this.#lines.push([]);
  }

  #line(): Line {
    return this.#lines[this.#row] ??= [];
  }
}

function toRuns(line: Line): StyledText[] {
  const runs: { column: number; text: string; style: CellStyle }[] = [];
  for (const [column, cell] of Array.from(line).entries()) {
    const { text, style } = cell ?? { text: " ", style: PLAIN };
    const last = runs.at(-1);
    if (last !== undefined && last.style === style) last.text += text;
    else runs.push({ column, text, style });
  }
  return runs.filter((run) => run.text.trim() !== "");
}
