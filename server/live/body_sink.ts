import type { Frame } from "./frame.ts";
import type { Notice, Sink } from "./sink.ts";

const encoder = new TextEncoder();

/** How frames stand in the body of an HTTP answer. */
export interface BodyFormat {
  readonly contentType: string;
  encode(frame: Frame): Uint8Array;
  /** Ignored by readers. */
  readonly beat: Uint8Array;
  end(notice: Notice): Uint8Array;
}

/** Server-sent events. The id is what a browser sends back as `Last-Event-ID` when it connects again. */
export const sseFormat: BodyFormat = {
  contentType: "text/event-stream; charset=utf-8",
  encode: (frame) => frame.sse,
  beat: encoder.encode(": heartbeat\n\n"),
  end: (notice) => encoder.encode(`event: end\ndata: ${JSON.stringify(notice)}\n\n`),
};

/** A JSON text per line; an empty line is a heartbeat. */
export const ndjsonFormat: BodyFormat = {
  contentType: "application/x-ndjson; charset=utf-8",
  encode: (frame) => frame.line,
  beat: encoder.encode("\n"),
  end: (notice) => encoder.encode(notice.reason === "completed" ? "" : `${JSON.stringify(notice)}\n`),
};

/** What a {@link BodySink} tells about its client. */
export interface BodyListener {
  /** The client takes more. */
  onReady(): void;
  /** The client is gone. */
  onGone(): void;
}

/** Writes frames into the body of an HTTP answer. */
export class BodySink implements Sink {
  readonly body: ReadableStream<Uint8Array>;
  readonly #format: BodyFormat;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOpen = true;

  constructor(format: BodyFormat, maxBufferedBytes: number, listener: BodyListener) {
    this.#format = format;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => listener.onReady(),
      cancel: () => {
        this.#isOpen = false;
        listener.onGone();
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: maxBufferedBytes }));
  }

  isReady(): boolean {
    return this.#isOpen && (this.#controller.desiredSize ?? 0) > 0;
  }

  send(frame: Frame): void {
    this.#write(this.#format.encode(frame));
  }

  beat(): void {
    this.#write(this.#format.beat);
  }

  end(notice: Notice): void {
    this.#write(this.#format.end(notice));
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller.close();
  }

  /** Drops what is still waiting, too; does nothing if all has left. */
  abort(): void {
    this.#isOpen = false;
    this.#controller.error(new Error("the client takes nothing"));
  }

  #write(bytes: Uint8Array): void {
    if (this.#isOpen && bytes.length > 0) this.#controller.enqueue(bytes);
  }
}
