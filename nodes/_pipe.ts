const READ_BYTES = 64 * 1024;
const MAX_SPARE_BUFFERS = 32;

/** To get and clear 64 KiB for each pipe would cost a short command a twentieth of its time. */
const spareBuffers: Uint8Array<ArrayBuffer>[] = [];

/** Reads one output of a process until it ends or is closed. */
export class Pipe {
  /** Rejects if reading fails, or if whoever gets the bytes throws. */
  readonly finished: Promise<void>;
  readonly #cancel: () => Promise<void>;

  /** `push` has to take what it wants from a chunk at once: its memory is used again. */
  constructor(stream: ReadableStream<Uint8Array> | null, push: (chunk: Uint8Array) => void) {
    const byteReader = stream === null ? undefined : openByteReader(stream);
    const chunkReader = byteReader === undefined ? stream?.getReader() : undefined;
    this.#cancel = async () => await (byteReader ?? chunkReader)?.cancel();
    if (byteReader !== undefined) this.finished = readInto(byteReader, push);
    else this.finished = chunkReader === undefined ? Promise.resolve() : readChunks(chunkReader, push);
  }

  /** Stops reading, whether or not anyone still writes. */
  async close(): Promise<void> {
    await this.#cancel().catch(() => {});
    await this.finished.catch(() => {});
  }
}

/** Undefined for a stream that cannot fill buffers of ours. */
function openByteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

async function readInto(reader: ReadableStreamBYOBReader, push: (chunk: Uint8Array) => void): Promise<void> {
  let buffer = spareBuffers.pop() ?? new Uint8Array(READ_BYTES);
  for (;;) {
    // Each read takes the buffer away, and gives its memory back in another one.
    const { done, value } = await reader.read(buffer);
    if (value !== undefined) buffer = new Uint8Array(value.buffer);
    if (done) break;
    push(value);
  }
  if (buffer.length === READ_BYTES && spareBuffers.length < MAX_SPARE_BUFFERS) spareBuffers.push(buffer);
}

async function readChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  push: (chunk: Uint8Array) => void,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    push(value);
  }
}
