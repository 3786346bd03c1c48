import type { Duplex } from "../../platform/types.ts";
import { DockerAnswerError } from "./answer_error.ts";
import { FrameReader, type OnFrame } from "./frame_reader.ts";

const MAX_HEAD_BYTES = 16 * 1024;
const READ_BYTES = 64 * 1024;
const WRITE_BYTES = 256 * 1024;
const HEAD_END = "\r\n\r\n";

/** The standard streams of a container. Whoever has opened it has to read it: an engine that cannot write waits. */
export class AttachedStream {
  readonly #connection: Duplex;
  /** What came with the head of the answer. */
  readonly #first: Uint8Array;

  constructor(connection: Duplex, first: Uint8Array) {
    this.#connection = connection;
    this.#first = first;
  }

  /** Reads until the engine ends it; the bytes are only good during the call. Rejects after {@link close}. */
  async read(onFrame: OnFrame): Promise<void> {
    const frames = new FrameReader(onFrame);
    frames.push(this.#first);
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const count = await this.#connection.read(buffer);
      if (count === null) return;
      frames.push(buffer.subarray(0, count));
    }
  }

  /** Writes to stdin and ends it. A container need not read its input: that its end closes early is no error. */
  async feed(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
        await this.#connection.write(bytes.subarray(at, at + WRITE_BYTES));
      }
      await this.#connection.closeWrite();
    } catch {
      // Reading tells how it ended.
    }
  }

  close(): void {
    this.#connection.close();
  }
}

/**
 * Turns a connection to the engine into the streams of a container: HTTP ends after the head of the answer. Fetch
 * cannot do that.
 *
 * @throws {DockerAnswerError} if the engine refuses
 */
export async function openAttachedStream(
  connection: Duplex,
  path: string,
  signal: AbortSignal,
): Promise<AttachedStream> {
  const onAbort = () => connection.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const head = `POST ${path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0`;
    await connection.write(new TextEncoder().encode(head + HEAD_END));
    return new AttachedStream(connection, await readHead(connection));
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Reads up to the body, and answers what has come of that. */
async function readHead(connection: Duplex): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  let length = 0;
  while (length < bytes.length) {
    const count = await connection.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
    // One character per byte, so that positions are the same.
    const text = String.fromCharCode(...bytes.subarray(0, length));
    const end = text.indexOf(HEAD_END);
    if (end < 0) continue;
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
    const body = bytes.slice(end + HEAD_END.length, length);
    if (status === 101 || status === 200) return body;
    throw new DockerAnswerError(status, new TextDecoder().decode(body).trim() || "it cannot be attached to");
  }
  throw new DockerAnswerError(0, "the answer to attaching broke off");
}
