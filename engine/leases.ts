import type { Clock } from "./clock.ts";
import { FlowError, toFlowError } from "./errors.ts";
import type { ExecutionRecord, Lease, Store } from "./store.ts";

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
  /** Another process has taken over, or the store has been out of reach for so long that one may have. */
  onLost(error: FlowError): void;
}

interface Holder extends LeaseHolder {
  renewedAt: number;
}

/** Keeps the leases of all executions that one engine drives, with one timer for all, and none when there are none. */
export class Leases {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #holders = new Map<string, Holder>();
  #stopTimer: (() => void) | undefined;
  #beat: Promise<void> = Promise.resolve();
  #isBeating = false;

  constructor(store: Store, clock: Clock, owner: string) {
    this.#store = store;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Creates an execution whose lease is ours from the first. @throws {FlowError} `conflict` if the id is taken */
  async create(record: ExecutionRecord): Promise<void> {
    await this.#store.createExecution(record, this.#leaseFrom(record.execution_id, this.#clock.now()));
  }

  /** Takes the lease; false if another living process has it. */
  async acquire(executionId: string): Promise<boolean> {
    const now = this.#clock.now();
    return await this.#store.acquireLease(this.#leaseFrom(executionId, now), now);
  }

  /** Renews an acquired lease until `release`. */
  keep(executionId: string, holder: LeaseHolder): void {
    this.#holders.set(executionId, { ...holder, renewedAt: this.#clock.now() });
    void this.#armSoon();
  }

  /** Never rejects: a lease that cannot be released runs out. */
  async release(executionId: string): Promise<void> {
    this.#holders.delete(executionId);
    if (this.#holders.size === 0) {
      this.#stopTimer?.();
      this.#stopTimer = undefined;
    }
    await this.#beat;
    try {
      await this.#store.releaseLease(executionId, this.#owner);
    } catch {
      // What became of the execution is told without it.
    }
  }

  #leaseFrom(executionId: string, now: number): Lease {
    return { execution_id: executionId, owner: this.#owner, expires_at: now + LEASE_MS };
  }

  /** Executions that only compute are over within one turn of the event loop, and need no timer. */
  async #armSoon(): Promise<void> {
    for (let step = 0; step < STEPS_WITHOUT_TIMER && this.#stopTimer === undefined; step++) await undefined;
    if (this.#holders.size > 0) this.#arm();
  }

  #arm(): void {
    if (this.#isBeating) return;
    this.#stopTimer ??= this.#clock.setTimer(HEARTBEAT_MS, () => {
      this.#stopTimer = undefined;
      this.#beat = this.#heartbeat();
    });
  }

  async #heartbeat(): Promise<void> {
    this.#isBeating = true;
    for (const [executionId, holder] of this.#holders) await this.#tend(executionId, holder);
    this.#isBeating = false;
    if (this.#holders.size > 0) this.#arm();
  }

  async #tend(executionId: string, holder: Holder): Promise<void> {
    try {
      const reason = await this.#store.cancelRequested(executionId);
      if (reason !== undefined) holder.onCancelRequested(reason);
      const now = this.#clock.now();
      if (now - holder.renewedAt < RENEW_MS) return;
      if (!(await this.acquire(executionId))) return holder.onLost(takenOver(executionId));
      holder.renewedAt = now;
    } catch (error) {
      // A store that is busy for a while takes nothing from us: the lease holds until it has run out.
      if (this.#clock.now() - holder.renewedAt >= LEASE_MS) holder.onLost(outOfReach(executionId, error));
    }
  }
}

function takenOver(executionId: string): FlowError {
  return new FlowError("conflict", `Lost execution "${executionId}": another process has taken it over`);
}

function outOfReach(executionId: string, thrown: unknown): FlowError {
  const { code, message, hint } = toFlowError(thrown);
  return new FlowError(code, `Lost execution "${executionId}": cannot renew its lease: ${message}`, {
    hint,
    cause: thrown,
  });
}
