import { FlowError } from "../engine/errors.ts";
import type { ProcessStatus } from "../platform/types.ts";

const MAX_TAIL_LINES = 5;
const MAX_TAIL_CHARS = 1024;
const MAX_REASON_CHARS = 200;
const MAX_COMMAND_CHARS = 100;

/** A command as it stands in messages: the beginning of its first line. */
export function nameCommand(command: string): string {
  const [line = "", ...rest] = command.trim().split("\n").map((part) => part.trimEnd());
  if (line.length > MAX_COMMAND_CHARS) return `${line.slice(0, MAX_COMMAND_CHARS).toWellFormed()}…`;
  return rest.length === 0 ? line : `${line} …`;
}

/**
 * Throws if a command did not succeed, with the last lines of what it wrote to stderr.
 *
 * @throws {FlowError} `exit_code`, `killed_by_signal`
 */
export function checkExit(command: string, status: ProcessStatus, stderr: string | undefined): void {
  checkEnd(`Command "${nameCommand(command)}"`, status, stderr);
}

/**
 * The same for anything that runs a program; `subject` begins the message.
 *
 * @throws {FlowError} `exit_code`, `killed_by_signal`
 */
export function checkEnd(subject: string, status: ProcessStatus, stderr: string | undefined): void {
  const { code, signal } = status;
  if (code === 0 && signal === null) return;
  const tail = lastLines(stderr ?? "");
  const reason = tail.split("\n").findLast((line) => line.trim() !== "")?.trim().slice(0, MAX_REASON_CHARS);
  const details = { exit_code: code, ...(tail === "" ? {} : { stderr_tail: tail }) };
  const ended = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
  const message = `${subject} ${ended}${reason === undefined ? "" : `: ${reason}`}`;
  if (signal === null) throw new FlowError("exit_code", message, { details, hint: hintOf(code) });
  const hint = signal === "SIGKILL" ? "Check whether the machine ran out of memory." : undefined;
  throw new FlowError("killed_by_signal", message, { details: { ...details, signal }, hint });
}

/** What shells mean by these exit codes (XCU 2.8.2). */
function hintOf(code: number): string | undefined {
  if (code === 126) return "Make the program that it runs executable.";
  if (code === 127) return "Install the program that it runs, or correct its name or PATH.";
  return undefined;
}

function lastLines(text: string): string {
  return text.slice(-MAX_TAIL_CHARS).trimEnd().split(/\r?\n/).slice(-MAX_TAIL_LINES).join("\n");
}
