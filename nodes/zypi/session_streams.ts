import { decodeBase64 } from "../../engine/base64.ts";
import { FlowError } from "../../engine/errors.ts";
import { readUpTo } from "../_http_body.ts";
import type { ZypiSink, ZypiSinks } from "./client.ts";

/** What a script says about a command. */
export interface Report {
  /** Undefined while it runs. */
  code: number | undefined;
  outBytes: number;
  errBytes: number;
  /** The next bytes of stdout. */
  out: Uint8Array;
  err: Uint8Array;
}

/** @throws {FlowError} `node_failed` */
export function parseReport(text: string): Report {
  const [head = "", out = "", err = ""] = text.split("\n");
  const [, code = "", outBytes, errBytes] = /^(-|lost|\d+) (\d+) (\d+)$/.exec(head) ?? [];
  const [outPiece, errPiece] = [decodeBase64(out), decodeBase64(err)];
  if (outPiece === undefined || errPiece === undefined || errBytes === undefined) {
    const quoted = JSON.stringify(text.slice(0, 200));
    throw new FlowError("node_failed", `The session answered what makes no sense: ${quoted}`);
  }
  const exitCode = code === "-" ? undefined : code === "lost" ? -1 : Number(code);
  return { code: exitCode, outBytes: Number(outBytes), errBytes: Number(errBytes), out: outPiece, err: errPiece };
}

/** A part of a stream that is to be read next. */
export interface WantedRange {
  offset: number;
  count: number;
}

/** stdout and stderr of a command: what has been read of them, and who gets it. */
export class SessionStreams {
  readonly #out: Stream;
  readonly #err: Stream;

  constructor({ stdout, stderr }: ZypiSinks, maxBytes: number) {
    this.#out = new Stream(stdout, maxBytes);
    this.#err = new Stream(stderr, maxBytes);
  }

  /** Hands on what a report brings; answers whether the command has ended and there is nothing more to come. */
  take({ code, out, err, outBytes, errBytes }: Report): boolean {
    this.#out.take(out);
    this.#err.take(err);
    if (code === undefined) return false;
    const isOutRead = this.#out.finish(outBytes);
    return this.#err.finish(errBytes) && isOutRead;
  }

  /** Where the next pieces of stdout and stderr begin. */
  nextOffsets(isEnded: boolean): [out: number, err: number] {
    return [this.#out.nextOffset(isEnded), this.#err.nextOffset(isEnded)];
  }

  /** What is left to be read of a command that has ended, up to where something is left out. */
  wantedOf({ outBytes, errBytes }: Report): { out: WantedRange; err: WantedRange } {
    return { out: this.#out.wantedOf(outBytes), err: this.#err.wantedOf(errBytes) };
  }
}

class Stream {
  readonly #sink: ZypiSink;
  readonly #maxBytes: number;
  #read = 0;

  constructor(sink: ZypiSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** Beyond all ends while no more is wanted. */
  nextOffset(isEnded: boolean): number {
    return !isEnded && this.#read >= this.#maxBytes ? Number.MAX_SAFE_INTEGER : this.#read;
  }

  wantedOf(total: number): WantedRange {
    const end = this.#read < this.#maxBytes ? Math.min(total, this.#maxBytes) : total;
    return { offset: this.#read, count: Math.max(0, end - this.#read) };
  }

  take(piece: Uint8Array): void {
    this.#read += piece.length;
    if (piece.length > 0) this.#sink.push(piece);
  }

  /** Answers whether the whole stream, of `total` bytes, has been read, but what is too much from its middle. */
  finish(total: number): boolean {
    const tooMuch = total - this.#read - Math.floor(this.#maxBytes / 2);
    if (this.#read >= this.#maxBytes && tooMuch > 0) {
      this.#sink.skip(tooMuch);
      this.#read += tooMuch;
    }
    return this.#read >= total;
  }
}

/** Collects output that was compressed by gzip for the way. */
export class PackedBytes implements ZypiSink {
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];

  push(chunk: Uint8Array): void {
    this.#chunks.push(new Uint8Array(chunk));
  }

  skip(): void {}

  /** @throws {FlowError} `node_failed` if it is not so many bytes */
  async unpack(count: number): Promise<Uint8Array> {
    const stream = new Blob(this.#chunks).stream().pipeThrough(new DecompressionStream("gzip"));
    const unpacked = await readUpTo(new Response(stream), count).catch(() => undefined);
    if (unpacked !== undefined && !unpacked.isCut && unpacked.bytes.length === count) return unpacked.bytes;
    throw new FlowError("node_failed", "The session answered compressed output that is damaged");
  }
}
