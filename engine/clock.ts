import { FlowError } from "./errors.ts";

/** The only source of time in the engine, so that tests can own it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Milliseconds from an arbitrary origin that never jump; for durations. */
  monotonic(): number;
  /** Calls `callback` once after `ms`, which may exceed 2^31. The answer cancels it. */
  setTimer(ms: number, callback: () => void): () => void;
  /** Lets timers, signals and sockets have their turn. */
  yield(): Promise<void>;
}

/** `setTimeout` fires at once for anything longer than this. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(ms, callback) {
    let handle: ReturnType<typeof setTimeout>;
    const arm = (left: number) => {
      const step = Math.min(left, LONGEST_TIMEOUT_MS);
      handle = setTimeout(() => left > step ? arm(left - step) : callback(), step);
    };
    arm(ms);
    return () => clearTimeout(handle);
  },
  // 2 microseconds; `setTimeout(0)` takes 2 ms in Deno.
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Resolves after `ms`; rejects with the signal's reason as soon as `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const onAbort = () => {
      stop();
      reject(abortError(signal));
    };
    const stop = clock.setTimer(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Why `signal` was aborted, as an error of ours. */
export function abortError(signal: AbortSignal | undefined): FlowError {
  const reason = signal?.reason;
  return reason instanceof FlowError ? reason : new FlowError("cancelled", "Cancelled", { cause: reason });
}
