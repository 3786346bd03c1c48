import type { Clock } from "../engine/clock.ts";
import type { ServerPorts } from "./ports.ts";

/** Answers are shared for so long: everybody may ask, and writing costs something. */
const SHARED_MS = 1000;
/** A database that takes longer is of no use. */
const PATIENCE_MS = 2000;

/** Knows whether the server can do its work. */
export class Readiness {
  readonly #ports: Pick<ServerPorts, "checkWritable" | "clock" | "closing">;
  #isWritable: Promise<boolean> | undefined;
  #askedAt = 0;

  constructor(ports: Pick<ServerPorts, "checkWritable" | "clock" | "closing">) {
    this.#ports = ports;
  }

  /** Why the server should not be sent work, for people; undefined if it should. */
  async whyNot(): Promise<string | undefined> {
    if (this.#ports.closing.aborted) return "The server is about to end";
    return await this.#check() ? undefined : "The database cannot be written";
  }

  #check(): Promise<boolean> {
    const now = this.#ports.clock.monotonic();
    if (this.#isWritable === undefined || now - this.#askedAt >= SHARED_MS) {
      this.#askedAt = now;
      this.#isWritable = this.#write();
    }
    return this.#isWritable;
  }

  async #write(): Promise<boolean> {
    const { checkWritable = () => {}, clock } = this.#ports;
    const writing = Promise.resolve().then(checkWritable).then(() => true, () => false);
    return await Promise.race([writing, after(clock, PATIENCE_MS, writing)]);
  }
}

/** False after `ms`; leaves no timer behind when `work` was faster. */
function after(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.setTimer(ms, () => resolve(false));
    void work.then(stop);
  });
}
