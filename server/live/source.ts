import type { Clock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import { type Frame, frameOfAll, frameOfExecution } from "./frame.ts";

/** Why there is nothing more to come. */
export type SourceEnd = "completed" | "interrupted";

/** Where the frames of a feed come from. */
export interface Source {
  /** The id of the newest frame; 0 if there is none yet. */
  newest(): Promise<number>;
  /** What comes right after the frame with this id, a page at most; nothing: that is all so far. */
  read(after: number): Promise<Frame[]>;
  /** What comes after the frame with this id, as it comes about; ends when nothing can come any more. */
  follow(after: number, signal: AbortSignal): AsyncIterable<Frame>;
  /** Asked when `follow` has ended. */
  end(): Promise<SourceEnd>;
}

/** Frames of a page that is read from the journal. */
const PAGE = 500;

/** The events of one execution. */
export function executionSource(engine: Engine, clock: Clock, executionId: string): Source {
  const { store } = engine;
  return {
    async newest() {
      return (await store.getSummary(executionId, clock.now()))?.last_seq ?? 0;
    },
    async read(after) {
      return (await store.readEvents(executionId, { after, limit: PAGE })).map(frameOfExecution);
    },
    async *follow(after, signal) {
      for await (const event of engine.subscribe(executionId, { after, signal })) yield frameOfExecution(event);
    },
    async end() {
      const summary = await store.getSummary(executionId, clock.now());
      return summary?.ended_at === undefined ? "interrupted" : "completed";
    },
  };
}

/** How often to look for what other processes have written. */
const POLL_MS = 200;

/** The events of all executions, in the one order that the store has given them. */
export function allSource(engine: Engine, clock: Clock): Source {
  const { store } = engine;
  const read = async (after: number) => {
    const entries = await store.readFeed(after, PAGE);
    return entries.map(({ position, event }) => frameOfAll(position, event));
  };
  return {
    newest: async () => await store.feedEnd(),
    read,
    async *follow(after, signal) {
      const news = new News(engine, clock, signal);
      try {
        while (!signal.aborted) {
          const frames = await read(after);
          yield* frames;
          after = frames.at(-1)?.id ?? after;
          if (frames.length === 0) await news.wait(POLL_MS);
        }
      } finally {
        news.close();
      }
    },
    // Somebody may start an execution at any time.
    end: () => Promise.resolve("interrupted"),
  };
}

/** Tells when there may be something new in the journal. */
class News {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #stopListening: () => void;
  #isThere = false;
  #wake: (() => void) | undefined;

  constructor(engine: Engine, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#stopListening = engine.listen(() => {
      this.#isThere = true;
      this.#wake?.();
    });
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  /** Until this process has written something since the last call, or `ms` have passed. */
  async wait(ms: number): Promise<void> {
    if (!this.#isThere && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const stopTimer = this.#clock.setTimer(ms, resolve);
        this.#wake = () => {
          stopTimer();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#isThere = false;
    // What others write in the same turn is read with it.
    await this.#clock.yield();
  }

  close(): void {
    this.#stopListening();
  }
}
