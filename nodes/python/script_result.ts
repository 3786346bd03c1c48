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
  const exception = traceback === undefined
    ? stderr.trimEnd().split("\n").at(-1)?.trim() ?? ""
    : exceptionOf(traceback);
  const reason = exception === "" ? "" : `: ${exception.slice(0, MAX_MESSAGE_CHARS).toWellFormed()}`;
  const ended = code > 128 || signal !== null ? `was killed (exit code ${code})` : `exited with code ${code}`;
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

/** The first line of the exception that ended it: what it says may have more, and other threads may write after it. */
function exceptionOf(traceback: string): string {
  const last = traceback.slice(Math.max(0, traceback.lastIndexOf("\nTraceback (most recent call last):\n") + 1));
  const lines = last.split("\n");
  const header = lines.findIndex((line) => line.startsWith("  "));
  return (lines.slice(header).find((line) => /^\S/.test(line)) ?? lines.at(-1) ?? "").trim();
}

function hintOf(exception: string, code: number): string | undefined {
  const missing = /^ModuleNotFoundError: No module named '([^'.]+)/.exec(exception)?.[1];
  if (missing !== undefined) return `Add the package that has "${missing}" to packages.`;
  if (/^MemoryError/.test(exception) || code === 137) return "Raise memory_mb.";
  return undefined;
}
