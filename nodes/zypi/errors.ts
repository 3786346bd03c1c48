import { type ErrorCode, FlowError } from "../../engine/errors.ts";
import type { ZypiAnswer } from "./transport.ts";

/** What was asked for, for messages. */
export interface ZypiAttempt {
  /** The beginning of the message, such as `Cannot run "ls"`. */
  action: string;
  image?: string | undefined;
  sessionId?: string | undefined;
  timeoutMs?: number | undefined;
}

interface Meaning {
  code: ErrorCode;
  why: string;
  hint?: string;
  retryable?: boolean;
}

/** How much of a text that nobody knows is quoted. */
const MAX_QUOTED_CHARS = 300;

/**
 * What an answer that is not a success means. The server reports failures as Elixir terms in a 500, or crashes and
 * answers a 500 without a body.
 */
export function answerError(answer: ZypiAnswer, attempt: ZypiAttempt): FlowError {
  const reason = reasonOf(answer);
  const { code, why, hint, retryable } = (reason === undefined ? undefined : explainReason(reason, attempt)) ??
    explainStatus(answer, reason, attempt);
  const details = { status: answer.status, ...(reason === undefined ? {} : { reason: quote(reason) }) };
  return new FlowError(code, `${attempt.action}: ${why}`, { hint, retryable, details });
}

/** A command that has exceeded its time. */
export function timeoutError({ action, timeoutMs = 0 }: ZypiAttempt): FlowError {
  return new FlowError("timeout", `${action}: it did not end within ${timeoutMs / 1000} s`, {
    hint: "Raise timeout, or find out what it waits for.",
  });
}

function reasonOf({ json }: ZypiAnswer): string | undefined {
  if (typeof json !== "object" || json === null || !("error" in json)) return undefined;
  return typeof json.error === "string" ? json.error : JSON.stringify(json.error);
}

/** The texts are Elixir's and Go's, as the server passes them on; there are no codes to decide on. */
function explainReason(reason: string, attempt: ZypiAttempt): Meaning | undefined {
  const { timeoutMs, sessionId } = attempt;
  if (reason === ":timeout") {
    return timeoutMs === undefined
      ? { code: "timeout", why: "the server reports a timeout" }
      : { code: "timeout", why: timeoutError(attempt).message.slice(attempt.action.length + 2), hint: RAISE_TIMEOUT };
  }
  if (reason.includes("json_decode")) return TOO_MUCH_OUTPUT;
  if (reason.includes("image_not_found")) {
    return {
      code: "invalid_config",
      why: `Zypi has no image "${attempt.image ?? ""}"`,
      hint: "Import it (POST /images/NAME/import), or use an image that is there; names must match exactly.",
    };
  }
  if (reason.includes("pool_exhausted")) {
    return { code: "unavailable", why: "all its VMs are taken", hint: "Lower max_parallel_nodes, or restart Zypi." };
  }
  if (/session[_ ]not[_ ]found/.test(reason)) {
    return { code: "not_found", why: `session "${sessionId ?? ""}" is gone`, hint: SESSION_GONE, retryable: false };
  }
  return explainAgent(reason);
}

/** Failures of the agent in the VM: `{:rpc_error, CODE, "text"}`. */
function explainAgent(reason: string): Meaning | undefined {
  const [, code, text = ""] = /^\{:rpc_error, (-\d+), "(.*)"\}$/s.exec(reason) ?? [];
  if (code === undefined) return undefined;
  const why = text.replaceAll('\\"', '"');
  if (/^chdir /.test(why)) return { code: "invalid_config", why, hint: "Correct workdir." };
  if (/^fork\/exec .*(no such file|executable file not found)/.test(why)) {
    return { code: "program_not_found", why, hint: "Check the command, or use an image that has the program." };
  }
  if (/^fork\/exec .*argument list too long/.test(why)) {
    return { code: "invalid_input", why, hint: "Pass large values in stdin or files instead of env." };
  }
  if (/^fork\/exec /.test(why)) {
    return { code: "invalid_config", why, hint: "Check that the program can be executed." };
  }
  if (code === "-32003") {
    return { code: "invalid_config", why: `the server refuses it: ${why}`, hint: "Check the command and the paths." };
  }
  if (code === "-32602") return { code: "invalid_config", why, hint: "Correct the config." };
  return { code: "unavailable", why: `the agent in the VM reports ${code}: ${why}` };
}

function explainStatus({ status, text, host }: ZypiAnswer, reason: string | undefined, attempt: ZypiAttempt): Meaning {
  if (status === 500 && text === "") {
    return { code: "unavailable", why: "empty 500 (server crash)", hint: "Read the log of the Zypi server." };
  }
  if (status === 413) {
    return {
      code: "invalid_input",
      why: "the request is too large for the server",
      hint: "Run it in a session, where files are sent in pieces, or let the command fetch them.",
    };
  }
  if (status === 404 && attempt.sessionId !== undefined) {
    return { code: "not_found", why: `session "${attempt.sessionId}" is gone`, hint: SESSION_GONE, retryable: false };
  }
  if (reason !== undefined && reason !== "not_found") {
    const isOurFault = status >= 400 && status < 500;
    return { code: isOurFault ? "invalid_config" : "node_failed", why: quote(reason) };
  }
  if (status >= 500) {
    return { code: "unavailable", why: `"${host}" answered ${status}`, hint: "Read the log of the server." };
  }
  return {
    code: "unavailable",
    why: `"${host}" does not answer as Zypi does (status ${status})`,
    hint: "Check that url is the address of a Zypi server, which listens on port 4000.",
    retryable: status < 300,
  };
}

function quote(text: string): string {
  return text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS).toWellFormed()}…` : text;
}

const RAISE_TIMEOUT = "Raise timeout, or find out what it waits for.";
const SESSION_GONE =
  "Create it again: a session is closed with its execution and after 300 s without a command, and Zypi forgets all of " +
  "them when one is closed.";
const TOO_MUCH_OUTPUT: Meaning = {
  code: "output_too_large",
  why: "stdout and stderr together are longer than the server's answer line of 1,460 bytes",
  hint: "Run it in a session (own_session, or zypi.session_create), where output of any size is read in pieces.",
  retryable: false,
};
