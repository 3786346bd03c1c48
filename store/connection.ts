/**
 * One connection to one database file. Everything here is synchronous, so that no statement is ever open while
 * something else runs; in WAL mode readers and the writer then never wait for each other.
 *
 * Another process may hold the write lock for a moment. `run` waits for it in two ways: SQLite sleeps for a few
 * milliseconds (blocking, but without any cost when the lock is free), then `run` answers with a promise and tries
 * again with growing pauses until `patienceMs` has passed.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { FlowError } from "../engine/errors.ts";
import type { Awaitable } from "../engine/store.ts";
import { isBusy, translateError } from "./sqlite_errors.ts";

/** What survives: `normal` any crash of the process, `full` also power loss. */
export type Durability = "normal" | "full";

/** How to open a database. */
export interface ConnectionOptions {
  durability: Durability;
  /** How long to wait for other processes. */
  patienceMs: number;
}

const BLOCKING_WAIT_MS = 5;
const LONGEST_PAUSE_MS = 100;

export class Connection {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #patienceMs: number;
  readonly #statements = new Map<string, StatementSync>();
  #isOpen = true;

  /** Throws what SQLite throws: call it in `runWithPatience`. */
  constructor(path: string, options: ConnectionOptions) {
    this.path = path;
    this.#patienceMs = options.patienceMs;
    this.#database = new DatabaseSync(path);
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${BLOCKING_WAIT_MS}`);
      // Has an effect only before the first table is made, but would write each time.
      const isNew = this.#database.prepare("PRAGMA page_count").get()?.page_count === 0;
      if (isNew) this.#database.exec("PRAGMA auto_vacuum = INCREMENTAL");
      this.#database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = ${options.durability === "full" ? "FULL" : "NORMAL"};
        PRAGMA journal_size_limit = 16777216;
      `);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** A prepared statement; the same one for the same text. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Does all of `work` or nothing. Takes the write lock at once: upgrading a read lock could fail half-way. */
  transaction<T>(work: () => T): T {
    this.statement("BEGIN IMMEDIATE").run();
    try {
      const answer = work();
      this.statement("COMMIT").run();
      return answer;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Runs `work`, which must be safe to repeat, now or as soon as other processes let go of the database. */
  run<T>(action: string, work: () => T): Awaitable<T> {
    const guarded = () => {
      if (!this.#isOpen) throw new FlowError("store_failed", `Cannot ${action}: the store is closed`);
      return work();
    };
    try {
      return guarded();
    } catch (error) {
      if (!isBusy(error)) throw translateError(error, action, this.path);
      return runWithPatience(action, this.path, this.#patienceMs, guarded);
    }
  }

  /** Leaves one file behind, unless others still use the database: the last one moves the WAL into it. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#statements.clear();
    this.#database.close();
  }

  #rollBack(): void {
    try {
      this.statement("ROLLBACK").run();
    } catch {
      // SQLite has done it already after some errors, such as a full disk; not every runtime can say so.
    }
  }
}

/**
 * Runs `work` until the database is not busy.
 * @throws {FlowError} `unavailable` when `patienceMs` have passed
 */
export async function runWithPatience<T>(
  action: string,
  path: string,
  patienceMs: number,
  work: () => T,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = 2;; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw translateError(error, action, path);
      if (performance.now() >= deadline) throw translateError(error, action, path);
    }
    // Of random length, so that two processes do not keep meeting.
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
  }
}
