/**
 * All clients that follow events, whatever the transport.
 *
 *   T1. Of a feed that several follow there is one: its events are read, and made text, once.
 *   T2. A client costs a bounded buffer, and gets the reason and the place to go on from when it is let go of.
 *   T3. Timers run only while there are clients.
 */
import type { Clock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import { FlowError } from "../../engine/errors.ts";
import { Feed } from "./feed.ts";
import type { Reader } from "./reader.ts";
import type { Sink } from "./sink.ts";
import { allSource, executionSource } from "./source.ts";

/** What clients may cost. */
export interface LiveLimits {
  /** Followers of all kinds at the same time. */
  maxClients: number;
  /** Bytes that wait to be sent to one client. */
  maxBufferedBytes: number;
  /** A client that has not taken half of its buffer for so long is let go of. */
  stallMs: number;
  /** How often a client sees that the server is there, and its token is looked at again. */
  heartbeatMs: number;
}

export const defaultLiveLimits: LiveLimits = {
  maxClients: 5000,
  maxBufferedBytes: 256 * 1024,
  stallMs: 30_000,
  heartbeatMs: 15_000,
};

/** What a client wants to follow. */
export interface StreamRequest {
  /** Default: all executions. */
  executionId?: string | undefined;
  /** Seq, or position where all executions are followed; default: of an execution the first, of all what is new. */
  after?: number | undefined;
  /** Whether the client may still see it. */
  isAllowed?(): Promise<boolean>;
}

/** How often blocked clients are looked at. */
const BLOCKED_MS = 10;
/** How long a client may take to take its end. */
const END_GRACE_MS = 10_000;

interface Client {
  isAllowed: (() => Promise<boolean>) | undefined;
}

export class LiveStreams {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #limits: LiveLimits;
  /** Only those that somebody reads, or is about to: each holds on to a window of frames. */
  readonly #feeds = new Map<string | undefined, Promise<Feed>>();
  readonly #clients = new Map<Reader, Client>();
  /** Of clients that have been told to go. */
  readonly #graceTimers = new Set<() => void>();
  #isClosed = false;
  #stopHeartbeat: (() => void) | undefined;
  #stopBlockedTimer: (() => void) | undefined;

  constructor(engine: Engine, clock: Clock, limits: Partial<LiveLimits> = {}) {
    this.#engine = engine;
    this.#clock = clock;
    this.#limits = { ...defaultLiveLimits, ...limits };
  }

  get limits(): LiveLimits {
    return this.#limits;
  }

  /** Clients that follow something right now. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Streams that are read right now, each by any number of clients. */
  get feedCount(): number {
    return this.#feeds.size;
  }

  /** @throws {FlowError} `unavailable` if there are too many clients, or the server ends */
  checkRoom(): void {
    if (this.#isClosed) throw new FlowError("unavailable", "Cannot follow events: the server ends");
    if (this.#clients.size < this.#limits.maxClients) return;
    throw new FlowError("unavailable", `Cannot follow events: ${this.#limits.maxClients} clients do already`, {
      hint: "Try again later.",
    });
  }

  /** Sends a client what it wants until either ends. The answer is to be detached when the client is gone. */
  async follow(sink: Sink, { executionId, after, isAllowed }: StreamRequest): Promise<Reader> {
    const feed = await this.#openFeed(executionId);
    const from = after ?? (executionId === undefined ? undefined : 0);
    const reader = feed.attach(sink, from, {
      onBlocked: () => this.#watchBlocked(),
      onEnd: () => this.#forget(reader, executionId, feed),
    });
    this.#clients.set(reader, { isAllowed });
    this.#stopHeartbeat ??= this.#clock.setTimer(this.#limits.heartbeatMs, () => this.#beat());
    if (this.#isClosed) reader.end("closing");
    else reader.pump();
    return reader;
  }

  /** Ends all streams; clients are told that they may connect again. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#clients.keys()) reader.end("closing");
    this.#stopTimers();
    for (const stopTimer of this.#graceTimers) stopTimer();
  }

  async #openFeed(executionId: string | undefined): Promise<Feed> {
    for (;;) {
      let opening = this.#feeds.get(executionId);
      if (opening === undefined) {
        const source = executionId === undefined
          ? allSource(this.#engine, this.#clock)
          : executionSource(this.#engine, this.#clock, executionId);
        opening = Feed.open(source, this.#clock);
        this.#feeds.set(executionId, opening);
      }
      try {
        const feed = await opening;
        if (feed.isOpen) return feed;
      } catch (error) {
        this.#closeFeed(executionId, opening);
        throw error;
      }
      this.#closeFeed(executionId, opening);
    }
  }

  #closeFeed(executionId: string | undefined, feed: Promise<Feed>): void {
    if (this.#feeds.get(executionId) === feed) this.#feeds.delete(executionId);
  }

  #forget(reader: Reader, executionId: string | undefined, feed: Feed): void {
    this.#clients.delete(reader);
    if (!feed.isOpen) void this.#forgetFeed(executionId, feed);
    if (this.#clients.size === 0) this.#stopTimers();
  }

  /** Unless it has been replaced meanwhile. */
  async #forgetFeed(executionId: string | undefined, feed: Feed): Promise<void> {
    const opening = this.#feeds.get(executionId);
    if (opening !== undefined && await opening === feed) this.#closeFeed(executionId, opening);
  }

  #stopTimers(): void {
    this.#stopHeartbeat?.();
    this.#stopBlockedTimer?.();
    this.#stopHeartbeat = this.#stopBlockedTimer = undefined;
  }

  #beat(): void {
    this.#stopHeartbeat = this.#clock.setTimer(this.#limits.heartbeatMs, () => this.#beat());
    for (const [reader, { isAllowed }] of this.#clients) {
      reader.beat();
      if (isAllowed !== undefined) void this.#checkAllowed(reader, isAllowed);
    }
  }

  async #checkAllowed(reader: Reader, isAllowed: () => Promise<boolean>): Promise<void> {
    if (!await isAllowed()) reader.end("unauthenticated");
  }

  #watchBlocked(): void {
    this.#stopBlockedTimer ??= this.#clock.setTimer(BLOCKED_MS, () => {
      this.#stopBlockedTimer = undefined;
      let isAnyBlocked = false;
      for (const reader of this.#clients.keys()) {
        if (!reader.isBlocked) continue;
        isAnyBlocked = true;
        reader.pump();
        if (reader.isStuck(this.#limits.stallMs)) this.#drop(reader);
      }
      if (isAnyBlocked) this.#watchBlocked();
    });
  }

  #drop(reader: Reader): void {
    reader.end("too_slow");
    const stopTimer = this.#clock.setTimer(END_GRACE_MS, () => {
      this.#graceTimers.delete(stopTimer);
      reader.abort();
    });
    this.#graceTimers.add(stopTimer);
  }
}
