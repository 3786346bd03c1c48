import { measureWidth } from "../../cli/render/text.ts";

/** As much of a VT100 as the live tree uses: text, line breaks, cursor up, erasing, and whether the cursor is visible. */
export class TerminalScreen {
  #rows: number;
  #columns: number;
  /** Everything ever shown; the last `rows` are on the screen. */
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
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
    const lines = this.#lines.map((line) => Array.from(line, (cell) => cell ?? " ").join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  write(text: string): void {
    // deno-lint-ignore no-control-regex -- a terminal lives on them
    for (const [token] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[^]/gu)) {
      if (token.length > 1 && token.startsWith("\x1b")) this.#control(token);
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
    const wrapped: string[][] = [];
    for (const [index, line] of this.#lines.entries()) {
      if (index === cursorLine) this.#row = wrapped.length;
      wrapped.push(line.slice(0, columns));
      for (let start = columns; start < line.length; start += columns) wrapped.push(line.slice(start, start + columns));
    }
    this.#lines = wrapped;
  }

  #control(sequence: string): void {
    const parameter = sequence.slice(2, -1);
    switch (sequence.at(-1)) {
      case "A":
        // A cursor never leaves the screen: what has scrolled away cannot be reached.
        this.#row = Math.max(this.#row - Number(parameter || 1), this.#lines.length - this.#rows, 0);
        return;
      case "J":
        this.#lines.length = this.#row + 1;
        this.#line().length = Math.min(this.#line().length, this.#column);
        return;
      case "K":
        this.#line().length = Math.min(this.#line().length, this.#column);
        return;
      case "l":
      case "h":
        if (parameter === "?25") this.#isCursorVisible = sequence.endsWith("h");
        return;
      case "m":
        return;
      default:
        throw new Error(`unexpected sequence ${JSON.stringify(sequence)}`);
    }
  }

  #print(character: string): void {
    if (character < " " || character === "\x7f" || character === "\x1b") {
      throw new Error(`unexpected control character ${JSON.stringify(character)}`);
    }
    const width = measureWidth(character);
    if (this.#column + width > this.#columns) {
      this.#wrapped++;
      this.#newLine();
      this.#column = 0;
    }
    if (width > 0) this.#line()[this.#column] = character;
    else this.#combine(character);
    if (width === 2) this.#line()[this.#column + 1] = "";
    this.#column += width;
  }

  /** Puts a character without a width of its own to the one before. */
  #combine(character: string): void {
    const line = this.#line();
    const at = line.findLastIndex((cell) => cell !== "");
    line[at] = (line[at] ?? "") + character;
  }

  #newLine(): void {
    this.#row++;
    if (this.#row === this.#lines.length) this.#lines.push([]);
  }

  #line(): string[] {
    return this.#lines[this.#row] ??= [];
  }
}
