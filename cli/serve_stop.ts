import { systemClock } from "../engine/clock.ts";
import type { HttpListener } from "../platform/listener.ts";
import type { Platform } from "../platform/types.ts";
import type { DrainingDispatcher } from "../server/draining_dispatcher.ts";
import { watchInterrupts } from "./interrupt.ts";
import type { ServeLog } from "./serve_log.ts";
import { handleStrayErrors } from "./stray_errors.ts";

/** How long requests may take to be answered once no node runs any more. */
export const ANSWER_MS = 1000;

/** Waits for somebody to end the server, and ends it: gently at first, at once on the second signal. */
export class ServeStop {
  readonly #log: ServeLog;
  readonly #closing = new AbortController();
  readonly #asked = Promise.withResolvers<void>();
  readonly #hurried = Promise.withResolvers<void>();
  readonly #undo: readonly (() => void)[];

  constructor(platform: Platform, log: ServeLog) {
    this.#log = log;
    this.#undo = [
      watchInterrupts(platform, { first: () => this.#asked.resolve(), again: () => this.#hurried.resolve() }),
      // A node that forgets to await a promise must not end the executions of all others.
      handleStrayErrors(platform, (error) => log.error("An error that no node has handled", error)),
    ];
  }

  /** Aborts when the server is about to end. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves after a signal, when no node runs any more or the time is up; nobody can connect any more by then. */
  async run(listener: HttpListener, dispatcher: DrainingDispatcher, graceMs: number): Promise<void> {
    await this.#asked.promise;
    this.#closing.abort();
    void listener.shutdown(graceMs + ANSWER_MS);
    const { running } = dispatcher;
    if (running > 0) {
      this.#log.info(`Waiting for ${running} running node${running === 1 ? "" : "s"}; once more to kill.`);
    }
    let stopTimer = () => {};
    const patience = new Promise<void>((resolve) => stopTimer = systemClock.setTimer(graceMs, resolve));
    await Promise.race([dispatcher.drain(), patience, this.#hurried.promise]);
    stopTimer();
  }

  close(): void {
    for (const undo of this.#undo) undo();
  }
}
