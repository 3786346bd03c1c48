import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ZodError } from "zod";
import { FlowError, toFlowError } from "../engine/errors.ts";
import { formatPath, type Issue, WorkflowError } from "../engine/issue.ts";
import { outcomeOf } from "./outcome.ts";

/** How every error is answered. */
export interface ErrorAnswer {
  error: string;
  code: string;
  hint?: string;
  /** All problems of an invalid workflow. */
  issues?: readonly Issue[];
}

/** Their messages tell about the machine: paths, SQL, stacks. */
const INTERNAL_CODES: ReadonlySet<string> = new Set(["internal", "store_failed", "store_corrupt", "store_too_new"]);

/** What a client has sent may be long, and errors repeat it. */
const MAX_MESSAGE_LENGTH = 1000;

/** Whether clients are told only that something went wrong. */
export function isInternal(error: FlowError): boolean {
  return INTERNAL_CODES.has(error.code);
}

/** The answer to a request that failed. */
export function answerError(c: Context, thrown: unknown): Response {
  const error = fromThrown(thrown);
  const status = thrown instanceof HTTPException ? thrown.status : outcomeOf(error.code).http_status;
  return c.json(describeError(error), status as ContentfulStatusCode, headersOf(error));
}

/** What clients are told about an error besides its body. */
function headersOf({ code, details }: FlowError): Record<string, string> {
  if (code === "unauthenticated") return { "WWW-Authenticate": 'Bearer realm="flow"' };
  const methods = details?.["allow"];
  if (code === "method_not_allowed" && methods !== undefined) return { Allow: String(methods) };
  const seconds = details?.["retry_after_seconds"];
  return code === "rate_limited" && seconds !== undefined ? { "Retry-After": String(seconds) } : {};
}

/** An error as clients see it. */
export function describeError(error: FlowError): ErrorAnswer {
  const { code, message, hint } = error;
  if (isInternal(error)) {
    const what = code === "internal" ? "Internal error" : "The database is not available";
    return { error: what, code, hint: "Look into the server's log for the request id of this answer." };
  }
  return {
    error: message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH)}...`,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(error instanceof WorkflowError ? { issues: error.issues } : {}),
  };
}

/** Anything thrown by a handler or by Hono, as an error of ours. */
export function fromThrown(thrown: unknown): FlowError {
  if (!(thrown instanceof HTTPException)) return toFlowError(thrown);
  if (thrown.status === 415) {
    return new FlowError("invalid_argument", "Cannot read the body: it is not JSON", {
      hint: "Send it with the header Content-Type: application/json.",
    });
  }
  return new FlowError("invalid_argument", "Cannot read the request: it is malformed", {
    hint: "Send a body that is valid JSON.",
    cause: thrown,
  });
}

type Validation = { success: true } | { success: false; error: ZodError; target: string };

/** Answers a request that does not fit the schema of its route. */
export function answerInvalidRequest(result: Validation, c: Context): Response | undefined {
  if (result.success) return undefined;
  const place = PLACES[result.target] ?? "request";
  const [issue] = result.error.issues;
  const path = formatPath((issue?.path ?? []).map((part) => typeof part === "symbol" ? String(part) : part));
  const subject = path === "" ? `the ${place}` : `"${path}" of the ${place}`;
  const error = new FlowError("invalid_argument", `Cannot use ${subject}: ${issue?.message ?? "it is invalid"}`, {
    hint: "See /openapi.json for what it may be.",
  });
  return answerError(c, error);
}

const PLACES: Readonly<Record<string, string>> = { json: "body", query: "query", param: "path", header: "header" };
