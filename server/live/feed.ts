import type { Clock } from "../../engine/clock.ts";
import type { Frame } from "./frame.ts";
import { Reader, type ReaderFeed, type ReaderListener } from "./reader.ts";
import type { Sink } from "./sink.ts";
import type { Source, SourceEnd } from "./source.ts";
import { Window } from "./window.ts";

/**
 * One stream of frames and all who read it. The source is followed once, however many readers there are, from the first
 * reader to the last.
 */
export class Feed implements ReaderFeed {
  readonly source: Source;
  readonly window: Window;
  ended: SourceEnd | undefined;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  readonly #stop = new AbortController();
  #isPumpDue = false;

  private constructor(source: Source, clock: Clock, newest: number) {
    this.source = source;
    this.window = new Window(newest);
    this.#clock = clock;
  }

  /** Follows `source` until it ends, or until the last reader has gone. */
  static async open(source: Source, clock: Clock): Promise<Feed> {
    const feed = new Feed(source, clock, await source.newest());
    void feed.#follow();
    return feed;
  }

  /** Whether readers may still join. */
  get isOpen(): boolean {
    return this.ended === undefined && !this.#stop.signal.aborted;
  }

  /** Brings `sink` everything after `after` (by default what is new), until the feed ends or the sink does. */
  attach(sink: Sink, after: number | undefined, listener: ReaderListener): Reader {
    const reader = new Reader(this, sink, this.#clock, after ?? this.window.newest, {
      onBlocked: () => listener.onBlocked(),
      onEnd: () => {
        this.#readers.delete(reader);
        if (this.#readers.size === 0) this.#stop.abort();
        listener.onEnd(reader);
      },
    });
    this.#readers.add(reader);
    return reader;
  }

  async #follow(): Promise<void> {
    try {
      for await (const frame of this.source.follow(this.window.floor, this.#stop.signal)) this.#add(frame);
      this.ended = await this.source.end();
      this.#pump();
    } catch {
      this.#stop.abort();
      for (const reader of this.#readers) reader.end("failed");
    }
  }

  /** All that comes in the same turn goes out together. */
  #add(frame: Frame): void {
    this.window.push(frame);
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    void this.#clock.yield().then(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const reader of this.#readers) reader.pump();
  }
}
