import { FlowError } from "../engine/errors.ts";

/** How much is asked for first; most documents fit. */
const FIRST_READ_BYTES = 64 * 1024;

/** Collects what is read to its end, which a pipe or a device tells nobody beforehand. */
export class BoundedBytes {
  readonly #name: string;
  readonly #maxBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** `name` is what is read, for messages. */
  constructor(name: string, maxBytes: number) {
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(Math.min(FIRST_READ_BYTES, maxBytes + 1));
  }

  /** Where the next bytes belong; never empty. */
  get free(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#length);
  }

  /** All so far. */
  get taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Counts what has been put into `free`.
   *
   * @throws {FlowError} `invalid_argument` if it is too much now
   */
  take(count: number): void {
    this.#length += count;
    if (this.#length > this.#maxBytes) throw tooLong(this.#name, this.#maxBytes);
    if (this.#length === this.#bytes.length) this.#grow(this.#length * 4);
  }

  /** Adds a chunk; throws like `take`. */
  push(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#maxBytes) throw tooLong(this.#name, this.#maxBytes);
    if (length > this.#bytes.length) this.#grow(Math.max(length + 1, this.#length * 4));
    this.#bytes.set(chunk, this.#length);
    this.take(chunk.length);
  }

  #grow(length: number): void {
    const longer = new Uint8Array(Math.min(length, this.#maxBytes + 1));
    longer.set(this.#bytes);
    this.#bytes = longer;
  }
}

function tooLong(name: string, maxBytes: number): FlowError {
  const limit = maxBytes < 1024 * 1024 ? `${maxBytes} bytes` : `${Math.floor(maxBytes / 1024 / 1024)} MiB`;
  return new FlowError("invalid_argument", `Cannot read ${name}: it is larger than ${limit}`, {
    hint: "Move large data into files that nodes read.",
  });
}
