import { FlowError } from "../../engine/errors.ts";

/** Frames longer than this are refused, in both directions. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const HEADER_BYTES = 4;

/** A message as it goes to a worker: the length of its JSON in four bytes, big-endian, and the JSON. @throws {FlowError} */
export function encodeFrame(json: string): Uint8Array {
  const body = new TextEncoder().encode(json);
  if (body.length > MAX_FRAME_BYTES) {
    throw new FlowError("too_large", `Cannot pass ${body.length} bytes to a Python function: the limit is 64 MiB`, {
      hint: "Write large data to a file, and pass its path.",
    });
  }
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, HEADER_BYTES);
  return frame;
}

/** Puts the messages of a worker together from the bytes that come. */
export class FrameSplitter {
  readonly #emit: (message: unknown) => void;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #body: Uint8Array | undefined;
  #filled = 0;

  constructor(emit: (message: unknown) => void) {
    this.#emit = emit;
  }

  /** @throws {FlowError} `internal` if this is not what a worker writes */
  push(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      const target = this.#body ?? this.#header;
      const part = chunk.subarray(from, from + target.length - this.#filled);
      target.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled === target.length) this.#endPart(target);
    }
  }

  #endPart(part: Uint8Array): void {
    this.#filled = 0;
    if (this.#body === undefined) {
      const length = new DataView(part.buffer).getUint32(0);
      if (length === 0 || length > MAX_FRAME_BYTES) throw protocolError(`a frame of ${length} bytes`);
      this.#body = new Uint8Array(length);
      return;
    }
    this.#body = undefined;
    this.#emit(parseMessage(new TextDecoder().decode(part)));
  }
}

function parseMessage(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw protocolError("a frame that is not JSON");
  }
}

function protocolError(what: string): FlowError {
  return new FlowError("internal", `The Python worker sent ${what}`, {
    hint: "Use a flowengine package of the same version as flow.",
  });
}
