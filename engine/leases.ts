import type { Clock } from "./clock.ts";
import type { Store } from "./store.ts";

/** How long a silent owner is believed to be alive. */
export const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** How soon a cancel request of another process is heard. */
const HEARTBEAT_MS = 500;
/** Microtasks; a few microseconds in all. The first timer of a process costs 5 ms: Deno loads `node:timers` for it. */
const STEPS_WITHOUT_TIMER = 200;

/** What is done for an execution that this process drives. */
export interface LeaseHolder {
  onCancelRequested(reason: string): void;
  /** Another process has taken over, or the store is gone. */
  onLost(cause: unknown): void;
}

/** Keeps the leases of all executions that one engine drives, with one timer for all, and none when there are none. */
export class Leases {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #holders = new Map<string, LeaseHolder & { renewedAt: number }>();
  #stopTimer: (() => void) | undefined;
  #beat: Promise<void> = Promise.resolve();

  constructor(store: Store, clock: Clock, owner: string) {
    this.#store = store;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Takes the lease; false if another living process has it. */
  async acquire(executionId: string): Promise<boolean> {
    const now = this.#clock.now();
    return await this.#store.acquireLease(
      { execution_id: executionId, owner: this.#owner, expires_at: now + LEASE_MS },
      now,
    );
  }

  /** Renews an acquired lease until `release`. */
  keep(executionId: string, holder: LeaseHolder): void {
    this.#holders.set(executionId, { ...holder, renewedAt: this.#clock.now() });
    void this.#armSoon();
  }

  async release(executionId: string): Promise<void> {
    this.#holders.delete(executionId);
    if (this.#holders.size === 0) {
      this.#stopTimer?.();
      this.#stopTimer = undefined;
    }
    await this.#beat;
    await this.#store.releaseLease(executionId, this.#owner);
  }

  /** Executions that only compute are over within one turn of the event loop, and need no timer. */
  async #armSoon(): Promise<void> {
    for (let step = 0; step < STEPS_WITHOUT_TIMER && this.#stopTimer === undefined; step++) await undefined;
    if (this.#holders.size > 0) this.#arm();
  }

  #arm(): void {
    this.#stopTimer ??= this.#clock.setTimer(HEARTBEAT_MS, () => {
      this.#beat = this.#heartbeat();
    });
  }

  async #heartbeat(): Promise<void> {
    for (const [executionId, holder] of this.#holders) {
      try {
        await this.#tend(executionId, holder);
      } catch (cause) {
        holder.onLost(cause);
      }
    }
    this.#stopTimer = undefined;
    if (this.#holders.size > 0) this.#arm();
  }

  async #tend(executionId: string, holder: LeaseHolder & { renewedAt: number }): Promise<void> {
    const reason = await this.#store.cancelRequested(executionId);
    if (reason !== undefined) holder.onCancelRequested(reason);
    const now = this.#clock.now();
    if (now - holder.renewedAt < RENEW_MS) return;
    if (!(await this.acquire(executionId))) return holder.onLost(undefined);
    holder.renewedAt = now;
  }
}
