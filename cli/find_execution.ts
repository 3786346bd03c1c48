import { systemClock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import type { ExecutionReader, ExecutionRecord, ExecutionSummary } from "../engine/store.ts";

/** Shorter beginnings of ids would be found by chance. */
const MIN_PREFIX = 6;
/** Candidates that an error lists at most. */
const MAX_CANDIDATES = 10;

/**
 * The execution that the user means: an id, the unique beginning of one, or `last` for the newest.
 *
 * @throws {FlowError} `not_found`, or `invalid_argument` if several ids begin like that
 */
export async function findExecution(reader: ExecutionReader, text: string): Promise<ExecutionSummary> {
  const now = systemClock.now();
  const exact = await reader.getSummary(text, now);
  if (exact !== undefined) return exact;
  if (text === "last") {
    const [newest] = await reader.listExecutions({ limit: 1, top_level: true }, now);
    if (newest !== undefined) return newest;
  }
  const found = text.length < MIN_PREFIX
    ? []
    : await reader.listExecutions({ id_prefix: text, limit: MAX_CANDIDATES + 1 }, now);
  const [only] = found;
  if (only === undefined) throw noSuchExecution(text);
  if (found.length > 1) throw ambiguous(text, found);
  return only;
}

/** What an execution was started with. @throws {FlowError} `not_found` if it has been deleted meanwhile */
export async function readRecord(reader: ExecutionReader, executionId: string): Promise<ExecutionRecord> {
  const record = await reader.getRecord(executionId);
  if (record === undefined) throw noSuchExecution(executionId);
  return record;
}

function noSuchExecution(text: string): FlowError {
  const isShort = text.length < MIN_PREFIX;
  return new FlowError("not_found", `Cannot find execution "${text}": there is none whose id is or begins like that`, {
    hint: isShort
      ? `Give at least ${MIN_PREFIX} characters of the id.`
      : 'Run "flow executions list" to see those that there are.',
  });
}

function ambiguous(text: string, found: readonly ExecutionSummary[]): FlowError {
  const shown = found.slice(0, MAX_CANDIDATES).map(({ execution_id, status, workflow_name }) =>
    `${execution_id}  ${status}  ${workflow_name}`
  );
  if (found.length > MAX_CANDIDATES) shown.push("...");
  return new FlowError(
    "invalid_argument",
    `Cannot tell which execution "${text}" is: several ids begin like that\n${shown.join("\n")}`,
    { hint: "Give more characters of the id." },
  );
}
