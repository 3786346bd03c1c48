import { type FlowError, isErrorCode } from "./errors.ts";
import type { RetryPolicy } from "./workflow.ts";

/**
 * Milliseconds to wait before retry `n` (from 1): `min(delay_ms * multiplier^(n-1), max_delay_ms)`, less a random share
 * of at most `jitter`. `random` answers 0 <= x < 1.
 */
export function retryDelay(policy: RetryPolicy, n: number, random: () => number): number {
  // 0 times infinity is no number.
  const full = policy.delay_ms === 0 ? 0 : policy.delay_ms * policy.backoff_multiplier ** (n - 1);
  const capped = Math.min(full, policy.max_delay_ms ?? Number.MAX_SAFE_INTEGER);
  return Math.round(policy.jitter === 0 ? capped : capped * (1 - policy.jitter * random()));
}

/** Whether a node that has failed `failures` times in this round may try again after `error`. */
export function mayRetry(policy: RetryPolicy | undefined, failures: number, error: FlowError): boolean {
  if (policy === undefined || failures >= policy.max_attempts) return false;
  if (policy.no_retry_on?.some((rule) => matches(rule, error))) return false;
  if (policy.retry_on !== undefined) return policy.retry_on.some((rule) => matches(rule, error));
  if (error.code === "timeout") return policy.retry_on_timeout;
  return error.retryable;
}

/** A rule is an error code, or a number: the exit code of a process or the status of an HTTP answer. */
function matches(rule: string | number, error: FlowError): boolean {
  if (typeof rule === "string") return isErrorCode(rule) && rule === error.code;
  return error.details?.exit_code === rule || error.details?.status === rule;
}
