/**
 * Brings one client from where it is to the head of a feed, and keeps it there.
 *
 *   L1. A client gets every frame with an id greater than the one it began with, in order, once.
 *   L2. While its sink is not ready, nothing is sent, and what it will get is kept for it nowhere: a client that has
 *       fallen behind the window that all share reads the journal, at its own pace.
 *   L3. Nobody waits for it. Sending from the window is synchronous; reading the journal gives way after each page.
 */
import type { Clock } from "../../engine/clock.ts";
import type { Frame } from "./frame.ts";
import { createNotice, type Ending, type Sink } from "./sink.ts";
import type { Source, SourceEnd } from "./source.ts";
import type { Window } from "./window.ts";

/** What a reader knows of its feed. */
export interface ReaderFeed {
  readonly window: Window;
  readonly source: Source;
  /** Set when no frame will come any more. */
  readonly ended: SourceEnd | undefined;
}

/** Told what becomes of a reader. */
export interface ReaderListener {
  /** Its sink takes nothing at the moment: it has to be pumped again soon. */
  onBlocked(): void;
  /** Called once. */
  onEnd(reader: Reader): void;
}

export class Reader {
  /** It brings what comes after this id. */
  readonly startsAfter: number;
  readonly #feed: ReaderFeed;
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #listener: ReaderListener;
  #after: number;
  #isBusy = false;
  #isEnded = false;
  /** Since when the sink has not been ready, in the clock's monotonic milliseconds. */
  #blockedSince: number | undefined;

  constructor(feed: ReaderFeed, sink: Sink, clock: Clock, after: number, listener: ReaderListener) {
    this.#feed = feed;
    this.#sink = sink;
    this.#clock = clock;
    this.startsAfter = after;
    this.#after = after;
    this.#listener = listener;
  }

  /** Sends what there is and may be sent. To be called whenever there is more, or the sink may be ready again. */
  pump(): void {
    // Sinks call back from within `send`.
    if (this.#isBusy || this.#isEnded) return;
    const next = this.#feed.window.after(this.#after);
    if (next === undefined) return void this.#replay();
    this.#isBusy = true;
    const isAllSent = this.#sendFrames(next.frames, next.start);
    this.#isBusy = false;
    if (isAllSent && this.#feed.ended !== undefined) this.end(this.#feed.ended);
  }

  /** Whether the client has taken too little for that long; looked at now and then. */
  isStuck(stallMs: number): boolean {
    if (this.#isEnded || this.#isReady()) return false;
    return this.#clock.monotonic() - (this.#blockedSince ?? 0) >= stallMs;
  }

  /** Whether it waits for its sink. */
  get isBlocked(): boolean {
    return this.#blockedSince !== undefined;
  }

  beat(): void {
    if (!this.#isEnded && this.#isReady()) this.#sink.beat();
  }

  /** Lets go of a client that has not even taken the end. */
  abort(): void {
    this.#sink.abort();
  }

  end(reason: Ending): void {
    if (this.#isEnded) return;
    this.detach();
    this.#sink.end(createNotice(reason, this.#after));
  }

  /** Lets go without a word: the client is gone. */
  detach(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listener.onEnd(this);
  }

  #isReady(): boolean {
    const isReady = this.#sink.isReady();
    if (isReady) this.#blockedSince = undefined;
    else if (this.#blockedSince === undefined) {
      this.#blockedSince = this.#clock.monotonic();
      this.#listener.onBlocked();
    }
    return isReady;
  }

  async #replay(): Promise<void> {
    this.#isBusy = true;
    try {
      while (!this.#isEnded && this.#after < this.#feed.window.floor) {
        if (!this.#isReady()) return;
        const { floor } = this.#feed.window;
        const page = await this.#feed.source.read(this.#after);
        // What was there has been deleted.
        if (page.length === 0) this.#after = floor;
        this.#sendFrames(page, 0);
        await this.#clock.yield();
      }
    } catch {
      this.end("failed");
    } finally {
      this.#isBusy = false;
    }
    this.pump();
  }

  /** False if the sink would not take all of them, or it is over. */
  #sendFrames(frames: readonly Frame[], start: number): boolean {
    for (let i = start; i < frames.length; i++) {
      if (this.#isEnded || !this.#isReady()) return false;
      const frame = frames[i] as Frame;
      this.#after = frame.id;
      this.#sink.send(frame);
      if (frame.isLast) this.end("completed");
    }
    return !this.#isEnded;
  }
}
