import { FlowError } from "../../engine/errors.ts";

const HEADER_BYTES = 8;
/** By the first byte of a frame; `system` is what the engine itself has to complain about. */
const STREAMS = ["stdin", "stdout", "stderr", "system"] as const;

/** Gets parts of a stream as they come; the bytes are only good during the call. */
export type OnFrame = (stream: "stdout" | "stderr" | "system", bytes: Uint8Array) => void;

/**
 * Takes apart what an engine sends for a container without a terminal: frames of `[stream, 0, 0, 0, length]`, the length
 * as 32 bits, big end first, and then so many bytes. Frames and chunks may end anywhere. Nothing is kept.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  #stream: (typeof STREAMS)[number] = "stdout";
  #left = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws {FlowError} `unavailable` for what is no frame */
  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#left > 0 ? this.#takeBody(rest) : this.#takeHeader(rest);
  }

  #takeBody(chunk: Uint8Array): Uint8Array {
    const part = chunk.subarray(0, this.#left);
    this.#left -= part.length;
    if (this.#stream !== "stdin") this.#onFrame(this.#stream, part);
    return chunk.subarray(part.length);
  }

  #takeHeader(chunk: Uint8Array): Uint8Array {
    const part = chunk.subarray(0, HEADER_BYTES - this.#headerLength);
    this.#header.set(part, this.#headerLength);
    this.#headerLength += part.length;
    if (this.#headerLength === HEADER_BYTES) {
      const view = new DataView(this.#header.buffer);
      const stream = STREAMS[view.getUint8(0)];
      if (stream === undefined || view.getUint32(0) % 0x1_00_00_00 !== 0) throw noFrame(view.getUint32(0));
      this.#stream = stream;
      this.#left = view.getUint32(4);
      this.#headerLength = 0;
    }
    return chunk.subarray(part.length);
  }
}

function noFrame(start: number): FlowError {
  const hex = start.toString(16).padStart(8, "0");
  return new FlowError("unavailable", `Cannot read the output of the container: "${hex}" does not begin a frame`, {
    hint: "Check whether a proxy between flow and Docker changes what it hands on.",
  });
}
