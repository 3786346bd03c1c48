import { type ErrorCode, FlowError, isErrorCode } from "../../engine/errors.ts";
import { fromWire, type Json } from "../../engine/wire.ts";
import type { Value } from "../../engine/value.ts";

/** What a worker says. */
export type WorkerMessage =
  | { type: "ready" }
  /** The first function has been imported and is called now. */
  | { type: "loaded" }
  | { type: "line"; stream: "stdout" | "stderr"; line: string }
  | { type: "result"; value: Value }
  | { type: "error"; error: FlowError };

/** Reads what came from a worker. @throws {FlowError} `internal` if no worker says that, `invalid_output` */
export function readMessage(message: unknown): WorkerMessage {
  const fields = isRecord(message) ? message : {};
  switch (fields.type) {
    case "ready":
    case "loaded":
      return { type: fields.type };
    case "line":
      return { type: "line", stream: fields.stream === "stderr" ? "stderr" : "stdout", line: String(fields.line) };
    case "result":
      // It was parsed from JSON.
      return { type: "result", value: readValue(fields.value as Json) };
    case "error":
      return { type: "error", error: readError(fields) };
  }
  throw new FlowError("internal", `The Python worker said "${String(fields.type)}", which is not known`, {
    hint: "Use a flowengine package of the same version as flow.",
  });
}

function readValue(json: Json): Value {
  try {
    return fromWire(json);
  } catch (cause) {
    throw new FlowError("invalid_output", `Cannot read what the function returned: ${String(cause)}`, { cause });
  }
}

function readError({ code, message, hint, retryable, details }: Record<string, unknown>): FlowError {
  const known: ErrorCode = typeof code === "string" && isErrorCode(code) ? code : "node_failed";
  return new FlowError(known, String(message), {
    hint: typeof hint === "string" ? hint : undefined,
    retryable: typeof retryable === "boolean" ? retryable : undefined,
    details: isRecord(details) ? details as Record<string, Json> : undefined,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
