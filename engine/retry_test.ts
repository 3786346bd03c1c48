import assert from "node:assert/strict";
import { createPolicy } from "../tests/support/lab.ts";
import { type ErrorCode, FlowError } from "./errors.ts";
import { mayRetry, retryDelay } from "./retry.ts";
import type { RetryPolicy } from "./workflow.ts";

function delays(policy: Partial<RetryPolicy>, count: number, random = () => 0): number[] {
  return Array.from({ length: count }, (_, i) => retryDelay(createPolicy(policy), i + 1, random));
}

Deno.test("retryDelay() doubles until the cap", () => {
  assert.deepEqual(delays({}, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

Deno.test("retryDelay() grows by the policy's multiplier, up to the policy's cap", () => {
  const cases: [policy: Partial<RetryPolicy>, expected: number[]][] = [
    [{ backoff_multiplier: 1 }, [1000, 1000, 1000]],
    [{ backoff_multiplier: 3, max_delay_ms: 5000 }, [1000, 3000, 5000]],
    [{ backoff_multiplier: 1.5, delay_ms: 100 }, [100, 150, 225]],
    [{ backoff_multiplier: 0.5 }, [1000, 500, 250]],
    [{ delay_ms: 90_000 }, [60_000, 60_000, 60_000]],
    [{ max_delay_ms: null, delay_ms: 40_000 }, [40_000, 80_000, 160_000]],
    [{ max_delay_ms: 0 }, [0, 0, 0]],
    [{ delay_ms: 0 }, [0, 0, 0]],
  ];
  for (const [policy, expected] of cases) assert.deepEqual(delays(policy, 3), expected, JSON.stringify(policy));
});

Deno.test("retryDelay() stays a number that timers can take, however many attempts there are", () => {
  for (const policy of [{}, { max_delay_ms: null }, { delay_ms: 0 }, { delay_ms: 0, max_delay_ms: null }]) {
    for (const n of [1, 100, 1025, 1_000_000]) {
      const delay = retryDelay(createPolicy(policy), n, () => 0.5);
      assert.ok(Number.isSafeInteger(delay) && delay >= 0, `${delay} for retry ${n} of ${JSON.stringify(policy)}`);
    }
  }
});

Deno.test("retryDelay() takes at most the share `jitter` off, never adds to it", () => {
  const almostOne = 1 - Number.EPSILON;
  assert.deepEqual(delays({ jitter: 0.25 }, 3, () => 0), [1000, 2000, 4000]);
  assert.deepEqual(delays({ jitter: 0.25 }, 3, () => 0.5), [875, 1750, 3500]);
  assert.deepEqual(delays({ jitter: 0.25 }, 3, () => almostOne), [750, 1500, 3000]);
  assert.deepEqual(delays({ jitter: 1 }, 3, () => almostOne), [0, 0, 0]);
  assert.deepEqual(delays({ jitter: 0.5, max_delay_ms: 1000 }, 3, () => 0.5), [750, 750, 750]);
});

interface RetryCase {
  policy?: Partial<RetryPolicy>;
  /** Default 1. */
  failures?: number;
  code: ErrorCode;
  details?: Record<string, number>;
  retryable?: boolean;
  expected: boolean;
}

const cases: RetryCase[] = [
  { code: "node_failed", expected: true },
  { code: "node_failed", failures: 2, expected: true },
  { code: "node_failed", failures: 3, expected: false },
  { code: "node_failed", policy: { max_attempts: 1 }, expected: false },
  { code: "node_failed", retryable: false, expected: false },
  { code: "connection_failed", expected: true },
  { code: "unavailable", expected: true },
  { code: "invalid_config", expected: false },
  { code: "program_not_found", expected: false },
  { code: "invalid_input", retryable: true, expected: true },
  { code: "timeout", expected: true },
  { code: "timeout", policy: { retry_on_timeout: false }, expected: false },
  { code: "cancelled", expected: false },
  // retry_on: only these, whatever the error itself says
  { code: "exit_code", policy: { retry_on: ["exit_code"] }, expected: true },
  { code: "node_failed", policy: { retry_on: ["exit_code"] }, expected: false },
  { code: "invalid_input", policy: { retry_on: ["invalid_input"] }, expected: true },
  { code: "timeout", policy: { retry_on: ["exit_code"] }, expected: false },
  { code: "timeout", policy: { retry_on: ["timeout"], retry_on_timeout: false }, expected: true },
  { code: "node_failed", policy: { retry_on: [] }, expected: false },
  { code: "exit_code", policy: { retry_on: ["exit_code"] }, failures: 3, expected: false },
  // numbers: exit codes and HTTP statuses
  { code: "exit_code", policy: { retry_on: [75] }, details: { exit_code: 75 }, expected: true },
  { code: "exit_code", policy: { retry_on: [75] }, details: { exit_code: 1 }, expected: false },
  { code: "http_status", policy: { retry_on: [429, 503] }, details: { status: 503 }, expected: true },
  { code: "http_status", policy: { retry_on: [429, 503] }, details: { status: 404 }, expected: false },
  { code: "node_failed", policy: { retry_on: [0] }, expected: false },
  // no_retry_on: never these, whatever else is said
  { code: "exit_code", policy: { no_retry_on: ["exit_code"] }, expected: false },
  { code: "exit_code", policy: { no_retry_on: [2] }, details: { exit_code: 2 }, expected: false },
  { code: "exit_code", policy: { no_retry_on: [2] }, details: { exit_code: 1 }, expected: true },
  { code: "http_status", policy: { no_retry_on: [404] }, details: { status: 404 }, expected: false },
  { code: "timeout", policy: { no_retry_on: ["timeout"] }, expected: false },
  {
    code: "exit_code",
    policy: { retry_on: ["exit_code"], no_retry_on: [2] },
    details: { exit_code: 2 },
    expected: false,
  },
];

for (const { policy, failures = 1, code, details, retryable, expected } of cases) {
  const facts = JSON.stringify({ ...policy, failures, ...details, ...(retryable !== undefined && { retryable }) });
  Deno.test(`mayRetry() says ${expected ? "yes" : "no"} to ${code} with ${facts}`, () => {
    const error = new FlowError(code, "No luck", { details, retryable });
    assert.equal(mayRetry(createPolicy(policy), failures, error), expected);
  });
}

Deno.test("mayRetry() says no without a policy", () => {
  assert.equal(mayRetry(undefined, 1, new FlowError("node_failed", "No luck")), false);
});
