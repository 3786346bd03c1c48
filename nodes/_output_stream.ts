import { CapturedBytes } from "./_captured_bytes.ts";
import { LineSplitter } from "./_line_splitter.ts";

/** How one output stream of a process is treated. */
export interface OutputStreamOptions {
  /** For warnings, such as `stdout`. */
  name: string;
  /** How much of it is kept, and how much of it is emitted as lines. */
  maxBytes: number;
  isCaptured: boolean;
  /** Undefined: no lines are wanted. */
  emitLine: ((line: string) => void) | undefined;
  warn: (message: string) => void;
}

/** One output stream of a process: kept as text within limits, and emitted line by line as it comes. */
export class OutputStream {
  readonly #options: OutputStreamOptions;
  readonly #captured: CapturedBytes | undefined;
  readonly #lines: LineSplitter | undefined;
  #total = 0;
  #isSilenced = false;

  constructor(options: OutputStreamOptions) {
    this.#options = options;
    this.#captured = options.isCaptured ? new CapturedBytes(options.maxBytes) : undefined;
    this.#lines = options.emitLine && new LineSplitter(options.emitLine);
  }

  /** Whether anything has to be read at all. */
  get isWanted(): boolean {
    return this.#captured !== undefined || this.#lines !== undefined;
  }

  push(chunk: Uint8Array): void {
    this.#captured?.push(chunk);
    const { name, maxBytes, warn } = this.#options;
    const room = maxBytes - this.#total;
    this.#total += chunk.length;
    if (this.#lines === undefined || this.#isSilenced) return;
    this.#lines.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (this.#total <= maxBytes) return;
    // What is left of a line that was cut is not emitted: half a number is a wrong number.
    this.#isSilenced = true;
    warn(`${name} has more than ${maxBytes} bytes: further lines are not shown`);
  }

  /** Counts bytes that were never read, because there are too many. */
  skip(bytes: number): void {
    this.#captured?.skip(bytes);
    this.#total += bytes;
    if (this.#lines === undefined || this.#isSilenced) return;
    this.#isSilenced = true;
    this.#options.warn(
      `${this.#options.name} has more than ${this.#options.maxBytes} bytes: further lines are not shown`,
    );
  }

  /** Emits a last line without a line end, and says what was left out. */
  end(): void {
    const { name, maxBytes, warn } = this.#options;
    if (!this.#isSilenced) this.#lines?.end();
    if (this.#total <= maxBytes) return;
    const kept = this.#captured === undefined ? "" : `, of which ${this.#total - this.#captured.lost} are kept`;
    warn(`${name} had ${this.#total} bytes in all${kept}`);
  }

  /** What was kept; undefined if nothing was to be. */
  text(): string | undefined {
    return this.#captured?.text();
  }

  /** What was kept, if it is all there was and no text: text would not bring every byte on. */
  binary(): Uint8Array | undefined {
    const bytes = this.#captured?.bytes();
    return bytes === undefined || isText(bytes) ? undefined : bytes;
  }

  /** Whether {@link text} lacks a part. */
  get isTruncated(): boolean {
    return (this.#captured?.lost ?? 0) > 0;
  }
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
