import type { Clock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";

/** Failures of one address before it has to wait. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; beyond, the one that failed first is forgotten. */
const MAX_ADDRESSES = 10_000;
/** Tokens that are known to be good, by their hash. */
const MAX_KNOWN = 1000;

/**
 * Slows down guessing: an address that has failed too often has to wait. Tokens that were good lately go on working from
 * there, so that nobody behind the same address is locked out.
 */
export class FailureLimiter {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; until: number }>();
  readonly #known = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws {FlowError} `rate_limited` */
  check(address: string, tokenHash: string): void {
    const failed = this.#failures.get(address);
    const now = this.#clock.monotonic();
    if (failed === undefined || failed.count < MAX_FAILURES || this.#known.has(tokenHash)) return;
    if (failed.until <= now) {
      this.#failures.delete(address);
      return;
    }
    const seconds = Math.ceil((failed.until - now) / 1000);
    throw new FlowError("rate_limited", "Cannot check the token: too many wrong ones came from this address", {
      hint: `Wait ${seconds} seconds.`,
      details: { retry_after_seconds: seconds },
    });
  }

  fail(address: string, tokenHash: string): void {
    this.#known.delete(tokenHash);
    const now = this.#clock.monotonic();
    const failed = this.#failures.get(address);
    if (failed !== undefined && failed.until > now) {
      failed.count++;
      return;
    }
    this.#failures.delete(address);
    this.#failures.set(address, { count: 1, until: now + WINDOW_MS });
    if (this.#failures.size > MAX_ADDRESSES) forgetFirst(this.#failures);
  }

  succeed(tokenHash: string): void {
    this.#known.add(tokenHash);
    if (this.#known.size > MAX_KNOWN) forgetFirst(this.#known);
  }
}

function forgetFirst(collection: Set<string> | Map<string, unknown>): void {
  const [first] = collection.keys();
  if (first !== undefined) collection.delete(first);
}
