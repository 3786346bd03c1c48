import { FlowError } from "../../engine/errors.ts";
import type { Value } from "../../engine/value.ts";
import type { ProcessStatus } from "../../platform/types.ts";
import { parseLooseJson } from "../_value.ts";

const MAX_TRACEBACK_CHARS = 16 * 1024;
const MAX_MESSAGE_CHARS = 300;

/** The last line that is not empty: as a value if it is JSON, else as text; null if there is none. */
export function lastValue(stdout: string): Value {
  const text = stdout.trimEnd();
  if (text === "") return null;
  const line = text.slice(text.lastIndexOf("\n") + 1).trim();
  const value = parseLooseJson(line);
  return value === undefined ? line : value;
}

/**
 * Throws if a script did not succeed, with the exception that ended it.
 *
 * @throws {FlowError} `exit_code`, `program_not_found`
 */
export function checkScript({ code, signal }: ProcessStatus, stderr: string): void {
  if (code === 0) return;
  const traceback = findTraceback(stderr);
  const exception = stderr.trimEnd().split("\n").at(-1)?.trim() ?? "";
  const reason = exception === "" ? "" : `: ${exception.slice(0, MAX_MESSAGE_CHARS).toWellFormed()}`;
  const ended = code > 128 || signal !== null ? `was killed (exit code ${code})` : "failed";
  throw new FlowError("exit_code", `The Python script ${traceback === undefined ? ended : "failed"}${reason}`, {
    hint: hintOf(exception, code),
    details: { exit_code: code, ...(traceback === undefined ? { stderr_tail: stderr.slice(-2048) } : { traceback }) },
  });
}

/** From the last exception that nothing had caused (chained ones stay together) to the end. */
function findTraceback(stderr: string): string | undefined {
  const tail = stderr.slice(-MAX_TRACEBACK_CHARS);
  const starts = [...tail.matchAll(/^(Traceback \(most recent call last\):| {2}File "[^"]*", line \d+$)/gm)];
  const first = starts[0]?.index;
  return first === undefined ? undefined : tail.slice(first).trimEnd();
}

function hintOf(exception: string, code: number): string | undefined {
  const missing = /^ModuleNotFoundError: No module named '([^'.]+)/.exec(exception)?.[1];
  if (missing !== undefined) return `Add the package that has "${missing}" to packages.`;
  if (/^MemoryError/.test(exception) || code === 137) return "Raise memory_mb.";
  return undefined;
}
