import { type ErrorCode, type ErrorKind, isErrorCode, kindOf } from "../engine/errors.ts";

/** What a kind of problem means outside: to a shell and to an HTTP client. */
export interface Outcome {
  exit_code: number;
  http_status: number;
}

/** Exit code and status of success. */
export const success: Outcome = { exit_code: 0, http_status: 200 };

const OUTCOME_OF_KIND = {
  invalid: { exit_code: 2, http_status: 400 },
  failed: { exit_code: 3, http_status: 500 },
  not_found: { exit_code: 4, http_status: 404 },
  conflict: { exit_code: 5, http_status: 409 },
  unavailable: { exit_code: 6, http_status: 503 },
  timeout: { exit_code: 124, http_status: 504 },
  cancelled: { exit_code: 130, http_status: 409 },
  bug: { exit_code: 1, http_status: 500 },
} as const satisfies Record<ErrorKind, Outcome>;

/** Codes for which HTTP has a status of its own. 422 tells a workflow that cannot run from a malformed request (400). */
const STATUS_OF_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  invalid_workflow: 422,
  invalid_config: 422,
  invalid_input: 422,
  too_large: 413,
  unauthenticated: 401,
  forbidden: 403,
  method_not_allowed: 405,
  precondition_failed: 412,
  rate_limited: 429,
  interrupted: 503,
};

/** The outcome of an error by its code; a code that this version does not know counts as a bug. */
export function outcomeOf(code: string): Outcome {
  const outcome = OUTCOME_OF_KIND[kindOf(code)];
  const http_status = isErrorCode(code) ? STATUS_OF_CODE[code] : undefined;
  return http_status === undefined ? outcome : { ...outcome, http_status };
}
