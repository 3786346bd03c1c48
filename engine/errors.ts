import { showValue } from "./plain.ts";
import type { Value } from "./value.ts";

/** What an {@link ErrorCode} means to whoever has to react to it. */
export type ErrorKind =
  | "invalid"
  | "failed"
  | "timeout"
  | "cancelled"
  | "not_found"
  | "conflict"
  | "unavailable"
  | "bug";

/**
 * A stable, machine-readable name of a problem: every way in which something can go wrong. The codes are part of the API:
 * they stand in events, in HTTP answers and in `retry_on` lists.
 */
export type ErrorCode =
  | "invalid_document"
  | "invalid_workflow"
  | "invalid_config"
  | "invalid_input"
  | "invalid_output"
  | "invalid_argument"
  | "expression_failed"
  | "program_not_found"
  | "too_large"
  | "unauthenticated"
  | "forbidden"
  | "method_not_allowed"
  | "node_failed"
  | "exit_code"
  | "killed_by_signal"
  | "http_status"
  | "connection_failed"
  | "output_too_large"
  | "interrupted"
  | "timeout"
  | "cancelled"
  | "not_found"
  | "conflict"
  | "precondition_failed"
  | "rate_limited"
  | "unavailable"
  | "store_failed"
  | "store_corrupt"
  | "store_too_new"
  | "internal";

/** What a kind means for a process or an HTTP client is decided at the edge (`server/outcome.ts`). */
const KIND_OF_CODE: Readonly<Record<ErrorCode, ErrorKind>> = {
  // The caller has to change something before it can work.
  invalid_document: "invalid",
  invalid_workflow: "invalid",
  invalid_config: "invalid",
  invalid_input: "invalid",
  invalid_output: "invalid",
  invalid_argument: "invalid",
  expression_failed: "invalid",
  program_not_found: "invalid",
  too_large: "invalid",
  unauthenticated: "invalid",
  forbidden: "invalid",
  method_not_allowed: "invalid",
  // The node did its work and it did not succeed.
  node_failed: "failed",
  exit_code: "failed",
  killed_by_signal: "failed",
  http_status: "failed",
  connection_failed: "failed",
  output_too_large: "failed",
  interrupted: "failed",
  // The rest.
  timeout: "timeout",
  cancelled: "cancelled",
  not_found: "not_found",
  conflict: "conflict",
  precondition_failed: "conflict",
  rate_limited: "unavailable",
  unavailable: "unavailable",
  store_failed: "unavailable",
  store_corrupt: "unavailable",
  store_too_new: "unavailable",
  internal: "bug",
};

/** An error as it stands in events, in the journal and in HTTP answers. */
export interface ErrorInfo {
  /** What went wrong, for machines. */
  code: ErrorCode;
  /** The action, the value in quotes, why. */
  message: string;
  /** One imperative sentence: what to do about it. */
  hint?: string;
  /** Facts for machines, such as `exit_code` or `status`. */
  details?: Record<string, Value>;
}

/** Options of a {@link FlowError}. */
export interface FlowErrorOptions {
  /** One imperative sentence: what to do about it. */
  hint?: string | undefined;
  /** Whether trying again may help; default: by kind (`failed`, `timeout` and `unavailable` may). */
  retryable?: boolean | undefined;
  /** Facts for machines, such as `exit_code`. */
  details?: Record<string, Value> | undefined;
  /** What was caught. */
  cause?: unknown;
}

/**
 * The one error class of this project: a code to decide on, a message to read, a hint to act on.
 *
 * ```ts
 * import { FlowError } from "flowengine";
 *
 * const error = new FlowError("invalid_input", 'Cannot pack "Ada": she is a person', { hint: "Pass an order." });
 * console.log(error.code, error.message, error.hint);
 * ```
 */
export class FlowError extends Error {
  /** Of the class. */
  override readonly name = "FlowError";
  /** What went wrong, for machines. */
  readonly code: ErrorCode;
  /** One imperative sentence: what to do about it. */
  readonly hint: string | undefined;
  /** Whether trying again may help. */
  readonly retryable: boolean;
  /** Facts for machines, such as `exit_code`. */
  readonly details: Record<string, Value> | undefined;

  /** `message`: the action, the value in quotes, a colon, the state, no period. */
  constructor(code: ErrorCode, message: string, options: FlowErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? isRetryableKind(this.kind);
    this.details = options.details;
  }

  /** What `code` means to whoever has to react to it. */
  get kind(): ErrorKind {
    return KIND_OF_CODE[this.code];
  }

  /** The wire form, without stack or cause. */
  toInfo(): ErrorInfo {
    const info: ErrorInfo = { code: this.code, message: this.message };
    if (this.hint !== undefined) info.hint = this.hint;
    if (this.details !== undefined) info.details = this.details;
    return info;
  }
}

/** The kind of a code; unknown codes (from a newer version's journal) count as bugs. */
export function kindOf(code: string): ErrorKind {
  return Object.hasOwn(KIND_OF_CODE, code) ? KIND_OF_CODE[code as ErrorCode] : "bug";
}

/** Whether `code` is one of ours. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(KIND_OF_CODE, code);
}

/** All codes, for schemas and did-you-mean. */
export const errorCodes: readonly ErrorCode[] = Object.keys(KIND_OF_CODE) as ErrorCode[];

/** Makes a `FlowError` of anything thrown: ours as they are, all others `internal` with the original as the cause. */
export function toFlowError(thrown: unknown): FlowError {
  if (thrown instanceof FlowError) return thrown;
  if (isFlowError(thrown)) {
    const { code, message, hint, retryable, details } = thrown;
    return new FlowError(code, message, { hint, retryable, details, cause: thrown });
  }
  return new FlowError("internal", describeThrown(thrown), { cause: thrown });
}

/** Also of another copy of this library, which a package of node types may have brought along. */
export function isFlowError(thrown: unknown): thrown is FlowError {
  if (thrown instanceof FlowError) return true;
  return thrown instanceof Error && thrown.name === "FlowError" && "code" in thrown &&
    typeof thrown.code === "string" && isErrorCode(thrown.code);
}

/** Messages are in every event of a failure, and people read them. */
const MAX_MESSAGE_LENGTH = 10_000;
const MAX_CAUSES = 5;

function describeThrown(thrown: unknown): string {
  const message = thrown instanceof Error ? describeError(thrown, MAX_CAUSES) : describeForeign(thrown);
  if (message.length <= MAX_MESSAGE_LENGTH) return message;
  return `${message.slice(0, MAX_MESSAGE_LENGTH)}... (${message.length} characters)`;
}

/** With what caused it: of a `fetch` that has failed, Node says only there why. */
function describeError(error: Error, depth: number): string {
  const message = error.message || (error instanceof AggregateError ? "" : error.name);
  const causes: unknown[] = error instanceof AggregateError ? error.errors.slice(0, MAX_CAUSES) : [error.cause];
  const texts = causes.flatMap((cause) =>
    cause instanceof Error && depth > 1 ? describeError(cause, depth - 1) : typeof cause === "string" ? cause : []
  );
  const added = [...new Set(texts)].filter((text) => !message.includes(text)).join("; ");
  return [message, added].filter(Boolean).join(": ") || error.name;
}

function describeForeign(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  return "message" in thrown && typeof thrown.message === "string" ? thrown.message : `Threw ${showValue(thrown)}`;
}

function isRetryableKind(kind: ErrorKind): boolean {
  return kind === "failed" || kind === "timeout" || kind === "unavailable";
}
