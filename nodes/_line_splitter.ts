/** Lines longer than this are cut. */
const LONGEST_LINE = 1024 * 1024;
const CUT_MARK = "… [line truncated]";

/**
 * Turns bytes into lines as they come. A line ends with `\n`, `\r\n` or `\r` (so that a progress bar shows while it
 * moves); what is not UTF-8 becomes U+FFFD; a line of more than 1,048,576 characters is cut, with a mark.
 */
export class LineSplitter {
  readonly #emit: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #pending = "";
  #isAfterReturn = false;

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Uint8Array): void {
    this.#split(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Emits what has no line end. */
  end(): void {
    this.#split(this.#decoder.decode());
    if (this.#pending !== "") this.#endLine();
  }

  #split(text: string): void {
    if (text === "") return;
    let from = this.#isAfterReturn && text.startsWith("\n") ? 1 : 0;
    this.#isAfterReturn = false;
    const findEnd = text.includes("\r") ? findEitherEnd : findNewline;
    for (let end = findEnd(text, from); end >= 0; end = findEnd(text, from)) {
      this.#append(text.slice(from, end));
      const isPair = text[end] === "\r" && text[end + 1] === "\n";
      // A bare return at the beginning of a line only says that a progress bar starts again.
      const isLine = isPair || text[end] === "\n" || this.#pending !== "";
      if (isLine) this.#endLine();
      this.#isAfterReturn = isLine && text[end] === "\r" && end === text.length - 1;
      from = end + (isPair ? 2 : 1);
    }
    this.#append(from === 0 ? text : text.slice(from));
  }

  #append(part: string): void {
    const room = LONGEST_LINE + 1 - this.#pending.length;
    if (room > 0) this.#pending += part.length > room ? part.slice(0, room) : part;
  }

  #endLine(): void {
    const isTooLong = this.#pending.length > LONGEST_LINE;
    this.#emit(isTooLong ? this.#pending.slice(0, LONGEST_LINE) + CUT_MARK : this.#pending);
    this.#pending = "";
  }
}

function findNewline(text: string, from: number): number {
  return text.indexOf("\n", from);
}

const LINE_END = /[\r\n]/g;

function findEitherEnd(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text)?.index ?? -1;
}
