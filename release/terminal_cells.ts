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
  readonly text: string;
  readonly style: CellStyle;
}

const PLAIN: CellStyle = {};
const COLORS: Readonly<Record<string, CellStyle["color"]>> = { 31: "red", 32: "green", 33: "yellow", 36: "cyan" };

/** The cells of a terminal, as far as `flow` makes use of one: text, colors, cursor up, erasing. */
export class TerminalCells {
  readonly #rows: number;
  readonly #columns: number;
  /** All that was ever shown; the last `rows` are on the screen. */
  #lines: (Cell | undefined)[][] = [[]];
  #row = 0;
  #column = 0;
  #style = PLAIN;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  write(text: string): void {
    // deno-lint-ignore no-control-regex -- a terminal lives on them
    for (const [token, parameter, verb] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[^]/gu)) {
      if (verb !== undefined) this.#control(verb, parameter ?? "");
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#newLine();
      else if (token >= " ") this.#print(token);
    }
  }

  /** What is on the screen now, line by line. */
  picture(): StyledText[][] {
    const lines = this.#lines.slice(-this.#rows).map(toRuns);
    return lines.slice(0, lines.findLastIndex((line) => line.length > 0) + 1);
  }

  #control(verb: string, parameter: string): void {
    const line = this.#line();
    if (verb === "A") this.#row = Math.max(this.#row - Number(parameter || 1), this.#lines.length - this.#rows, 0);
    else if (verb === "m") { for (const code of parameter.split(";")) this.#setStyle(code); }
    else if (verb === "J") this.#lines.length = this.#row + 1;
    if (verb === "J" || verb === "K") line.length = Math.min(line.length, this.#column);
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
    const width = measureWidth(text);
    if (this.#column + width > this.#columns) {
      this.#newLine();
      this.#column = 0;
    }
    this.#line()[this.#column] = { text, style: this.#style };
    this.#column += width;
  }

  #newLine(): void {
    this.#row++;
    if (this.#row >= this.#lines.length) this.#lines.push([]);
  }

  #line(): (Cell | undefined)[] {
    return this.#lines[this.#row] ??= [];
  }
}

function toRuns(line: readonly (Cell | undefined)[]): StyledText[] {
  const runs: { column: number; text: string; style: CellStyle }[] = [];
  for (const [column, cell] of Array.from(line).entries()) {
    const { text, style } = cell ?? { text: " ", style: PLAIN };
    const last = runs.at(-1);
    if (last !== undefined && last.style === style) last.text += text;
    else runs.push({ column, text, style });
  }
  return runs.filter((run) => run.text.trim() !== "");
}
