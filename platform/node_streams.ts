import type { Readable, Writable } from "node:stream";

/** How much is read ahead. */
const READ_AHEAD_BYTES = 64 * 1024;

/**
 * What `source` gives, as a web stream. `Readable.toWeb` counts chunks where it should count bytes, and would read ahead
 * some 65,000 of them.
 */
export function readableFrom(source: Readable): ReadableStream<Uint8Array> {
  let isOver = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const finish = (error?: Error) => {
        if (isOver) return;
        isOver = true;
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      source.on("data", (chunk: Uint8Array) => {
        if (isOver) return;
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) source.pause();
      });
      source.once("end", () => finish());
      source.on("error", finish);
      source.once("close", () => finish());
      source.pause();
    },
    pull() {
      source.resume();
    },
    cancel() {
      isOver = true;
      source.destroy();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }));
}

/** A web stream whose chunks go to `sink`; a write ends when the system has taken all of it. */
export function writableTo(sink: Writable): WritableStream<Uint8Array> {
  // Whoever writes hears of it; without a listener it would end the program.
  sink.on("error", () => {});
  return new WritableStream<Uint8Array>({
    start(controller) {
      // A stream aborts only after the write that is going on, which may never end.
      controller.signal.addEventListener("abort", () => sink.destroy(), { once: true });
    },
    write: (chunk) => settle((done) => sink.write(chunk, done)),
    close: () => settle((done) => sink.end(done)),
  });
}

function settle(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => error ? reject(error) : resolve()));
}
