const INTERRUPT = 0x03;
const END = 0x04;
const BACKSPACE = [0x08, 0x7f];
const CLEAR = 0x15;
const ENTER = [0x0a, 0x0d];

/** A line that is being typed at a terminal in raw mode. */
export class HiddenLine {
  readonly #bytes: number[] = [];

  /** What the keys come to: the line, null if the user gives up, undefined as long as there is more to come. */
  type(keys: Uint8Array): string | null | undefined {
    for (const key of keys) {
      if (ENTER.includes(key)) return new TextDecoder().decode(Uint8Array.from(this.#bytes));
      if (key === INTERRUPT || (key === END && this.#bytes.length === 0)) return null;
      if (BACKSPACE.includes(key)) this.#erase();
      else if (key === CLEAR) this.#bytes.length = 0;
      else if (key >= 0x20) this.#bytes.push(key);
    }
    return undefined;
  }

  /** Takes the last character away, however many bytes it has. */
  #erase(): void {
    while (((this.#bytes.pop() ?? 0) & 0xc0) === 0x80);
  }
}
