import { type ErrorCode, FlowError, toFlowError } from "../engine/errors.ts";

/** Result codes of SQLite (https://sqlite.org/rescode.html); extended ones carry these in their low byte. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;

interface Problem {
  code: ErrorCode;
  /** What `sqlite3_errstr` says. */
  text: string;
  state: string;
  hint: string;
}

const PROBLEMS: Readonly<Record<number, Problem>> = {
  5: busy("database is locked"),
  6: busy("database table is locked"),
  8: failed(
    "attempt to write a readonly database",
    "it is read-only",
    "Give flow write access to the file and its folder.",
  ),
  10: failed(
    "disk I/O error",
    "the disk reports an error",
    "Check the disk, and that the file is not on a network share.",
  ),
  11: corrupt("database disk image is malformed", "the file is damaged"),
  13: failed("database or disk is full", "the disk is full", "Free some space, then resume the execution."),
  14: failed(
    "unable to open database file",
    "the file cannot be opened",
    "Check that its folder exists and is writable.",
  ),
  26: corrupt("file is not a database", "the file is not a database"),
};

/** Whether another process, or another connection, has the lock that this one needs. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error) & 0xff;
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** Whether a row with that key was there already. */
export function isKeyTaken(error: unknown): boolean {
  return resultCode(error) === SQLITE_CONSTRAINT_PRIMARYKEY;
}

/** What SQLite threw while doing `action`, as an error of ours. */
export function translateError(error: unknown, action: string, path: string): FlowError {
  if (error instanceof FlowError) return error;
  const problem = PROBLEMS[resultCode(error) & 0xff];
  if (problem === undefined) return toFlowError(error);
  const what = action === "open" || action === "check" ? action : `${action} in`;
  return new FlowError(problem.code, `Cannot ${what} database "${path}": ${problem.state}`, {
    hint: problem.hint,
    details: { path },
    cause: error,
  });
}

/** What `read` makes of a row; if it cannot, the row does not hold what it should. */
export function readRow<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const isOther = error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
    throw isOther ? error : corruptRow(path, what, error);
  }
}

/** A database that opens but does not hold what it should. */
export function corruptRow(path: string, what: string, cause?: unknown): FlowError {
  const { code, state, hint } = corrupt("", "the file is damaged");
  return new FlowError(code, `Cannot read ${what} in database "${path}": ${state}`, { hint, details: { path }, cause });
}

/** 0 if it is not SQLite's. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode;
  // `exec` and the constructor leave the code out; these texts are fixed in SQLite.
  const found = Object.entries(PROBLEMS).find(([, { text }]) => error.message.startsWith(text));
  return found === undefined ? 0 : Number(found[0]);
}

function busy(text: string): Problem {
  return {
    code: "unavailable",
    text,
    state: "another process keeps it locked",
    hint: "Wait for the other process, or stop it; databases on network shares do not work.",
  };
}

function failed(text: string, state: string, hint: string): Problem {
  return { code: "store_failed", text, state, hint };
}

function corrupt(text: string, state: string): Problem {
  return {
    code: "store_corrupt",
    text,
    state,
    hint: "Run `flow doctor`, and restore a backup or name another database.",
  };
}
