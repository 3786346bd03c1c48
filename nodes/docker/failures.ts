import { type ErrorCode, FlowError } from "../../engine/errors.ts";
import type { Value } from "../../engine/value.ts";
import { DockerAnswerError } from "./answer_error.ts";

/** What the engine was asked to do, for messages: `Cannot ACTION "IMAGE"`. */
export type Action = "create a container of" | "start a container of" | "pull" | "run";

/** What an answer means. */
interface Meaning {
  code: ErrorCode;
  hint: string;
  retryable: boolean;
}

const DAEMON_TROUBLE: Meaning = {
  code: "unavailable",
  hint: "Read the log of the Docker engine, or set a retry_policy.",
  retryable: true,
};

/**
 * An answer of the engine as an error of ours; anything else as it is. A status says whether the request or the engine
 * is to blame, except for {@link BLAMES_REQUEST}.
 */
export function translateAnswer(thrown: unknown, action: Action, image: string): unknown {
  if (!(thrown instanceof DockerAnswerError)) return thrown;
  const { code, hint, retryable } = meaningOf(thrown, action, image);
  return new FlowError(code, `Cannot ${action} "${image}": ${thrown.message}`, {
    hint,
    retryable,
    details: thrown.status >= 400 ? { status: thrown.status } : undefined,
    cause: thrown,
  });
}

function meaningOf({ status, message }: DockerAnswerError, action: Action, image: string): Meaning {
  const fault = BLAMES_REQUEST.find(({ pattern }) => pattern.test(message));
  if (action === "pull") return pullMeaning(status, message);
  if (fault !== undefined) return { code: fault.code, hint: fault.hint, retryable: false };
  if (status === 404 && action === "create a container of") return missingImage(image);
  if (status === 404) return invalid("Create the network, or correct network.");
  if (status === 409) {
    return { code: "conflict", hint: "Choose another name, or delete that container.", retryable: false };
  }
  if (status >= 400 && status < 500) return invalid("Correct the config of the node.");
  return DAEMON_TROUBLE;
}

/** The engine answers 500 or 400 to these, and has no code for them. */
const BLAMES_REQUEST: readonly { pattern: RegExp; code: ErrorCode; hint: string }[] = [
  {
    pattern: /unable to find (user|group)|no matching entries/i,
    code: "invalid_config",
    hint: "Correct user: the image knows no such user.",
  },
  {
    pattern: /executable file not found/i,
    code: "program_not_found",
    hint: "Correct command or entrypoint, or use an image that has it.",
  },
  {
    pattern: /permission denied.*exec|exec.*permission denied/i,
    code: "invalid_config",
    hint: "Make it executable in the image, or correct command.",
  },
  {
    pattern: /bind source path does not exist/i,
    code: "invalid_config",
    hint: "Create it on the engine's machine, or correct volumes.",
  },
  { pattern: /memory limit/i, code: "invalid_config", hint: "Raise memory_limit." },
];

function pullMeaning(status: number, message: string): Meaning {
  // Within a stream that has begun well there is no status.
  const isMissing = status === 404 || /not found|manifest unknown|does not exist/i.test(message);
  const isDenied = /denied|unauthorized|authentication|no basic auth/i.test(message);
  if (isDenied) return { code: "unavailable", hint: 'Log in with "docker login", or correct image.', retryable: false };
  if (isMissing) {
    return {
      code: "not_found",
      hint: "Correct image: the registry has no such name, tag or digest.",
      retryable: false,
    };
  }
  return {
    code: "connection_failed",
    hint: "Check that the engine's machine reaches the registry.",
    retryable: status === 200 || status >= 500,
  };
}

function missingImage(image: string): Meaning {
  return { code: "not_found", hint: `Set auto_pull to true, or run "docker pull ${image}".`, retryable: false };
}

function invalid(hint: string): Meaning {
  return { code: "invalid_config", hint, retryable: false };
}

/** Process 1 of a container says so if it cannot start the command. */
const INIT_COMPLAINT = /^\[FATAL tini \(\d+\)\] exec (.+) failed: (.+)$/m;

/** Throws if a container ended because there is no such command in its image. @throws {FlowError} */
export function checkCommand(image: string, code: number, stderr: string | undefined): void {
  if (code !== 126 && code !== 127) return;
  const [, command, reason] = INIT_COMPLAINT.exec(stderr ?? "") ?? [];
  if (command === undefined) return;
  const details: Record<string, Value> = { exit_code: code };
  if (code === 127) {
    throw new FlowError("program_not_found", `Cannot run "${command}" in "${image}": there is no such program`, {
      hint: "Correct command or entrypoint, or use an image that has it.",
      retryable: false,
      details,
    });
  }
  throw new FlowError("invalid_config", `Cannot run "${command}" in "${image}": ${reason}`, {
    hint: "Make it executable in the image, or correct command.",
    retryable: false,
    details,
  });
}

/** The system has killed what ran in the container for want of memory. */
export function memoryError(image: string, code: number, limit: string | number | undefined): FlowError {
  const bound = limit === undefined ? "" : ` of memory_limit "${limit}"`;
  return new FlowError("exit_code", `Container of "${image}" ran out of memory${bound} and exited with code ${code}`, {
    hint: limit === undefined ? "Give the machine more memory, or set memory_limit." : "Raise memory_limit.",
    details: { exit_code: code, oom_killed: true },
  });
}
