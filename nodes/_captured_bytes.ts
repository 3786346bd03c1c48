import { joinBytes } from "../engine/join_bytes.ts";

const BLOCK_BYTES = 16 * 1024;

/**
 * Keeps the beginning and the end of a stream of bytes, at most `maxBytes` of them, and counts the rest. Chunks are
 * copied: a chunk of one byte may hang on a read buffer of 64 KiB.
 */
export class CapturedBytes {
  readonly #head: Blocks;
  readonly #tail: Blocks;
  readonly #headBytes: number;
  readonly #tailBytes: number;
  #total = 0;

  constructor(maxBytes: number) {
    this.#headBytes = Math.ceil(maxBytes / 2);
    this.#tailBytes = maxBytes - this.#headBytes;
    this.#head = new Blocks(this.#headBytes);
    this.#tail = new Blocks(this.#tailBytes);
  }

  /** How many bytes there were in all. */
  get total(): number {
    return this.#total;
  }

  /** How many bytes from the middle are lost. */
  get lost(): number {
    return Math.max(0, this.#total - this.#headBytes - this.#tailBytes);
  }

  push(chunk: Uint8Array): void {
    const room = Math.max(0, this.#headBytes - this.#total);
    this.#total += chunk.length;
    if (room > 0) this.#head.push(chunk.subarray(0, room));
    if (chunk.length > room) this.#tail.push(chunk.subarray(room));
  }

  /** Counts bytes that were never read as lost. */
  skip(bytes: number): void {
    this.#total += bytes;
  }

  /** All that there was; undefined if some of it is lost. */
  bytes(): Uint8Array | undefined {
    return this.lost === 0 ? joinBytes([this.#head.bytes(), this.#tail.bytes()]) : undefined;
  }

  /** What was kept, as UTF-8; a mark tells how much is missing in the middle. */
  text(): string {
    if (this.lost === 0) return new TextDecoder().decode(joinBytes([this.#head.bytes(), this.#tail.bytes()]));
    // A character that the cut went through is dropped on both sides.
    const head = new TextDecoder().decode(this.#head.bytes(), { stream: true });
    const tail = this.#tail.bytes();
    const start = tail.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80);
    const mark = `\n[... ${this.lost} bytes truncated ...]\n`;
    return head + mark + new TextDecoder().decode(tail.subarray(Math.max(0, start)));
  }
}

/** The last `limit` bytes of what was pushed, in blocks of a fixed size that are used again. */
class Blocks {
  readonly #limit: number;
  readonly #full: Uint8Array[] = [];
  #last: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk.length > this.#limit ? chunk.subarray(chunk.length - this.#limit) : chunk;
    while (rest.length > 0) {
      if (this.#used === this.#last.length) this.#addBlock();
      const part = rest.subarray(0, this.#last.length - this.#used);
      this.#last.set(part, this.#used);
      this.#used += part.length;
      rest = rest.subarray(part.length);
    }
  }

  bytes(): Uint8Array {
    const all = joinBytes([...this.#full, this.#last.subarray(0, this.#used)]);
    return all.subarray(Math.max(0, all.length - this.#limit));
  }

  #addBlock(): void {
    if (this.#used > 0) this.#full.push(this.#last);
    // The oldest block can go as soon as the others alone reach the limit.
    const isSpare = (this.#full.length - 1) * BLOCK_BYTES >= this.#limit;
    const spare = isSpare ? this.#full.shift() : undefined;
    this.#last = spare ?? new Uint8Array(BLOCK_BYTES);
    this.#used = 0;
  }
}
