/**
 * The one order of the events of all executions.
 *
 * Appends know nothing of it, so that they stay a single INSERT. Whoever reads the feed first gives places to all events
 * that have none yet, in a transaction, for everybody and for good. What it costs grows with the executions that run,
 * and only while somebody looks.
 *
 *   F1. `feed_tails` has every execution that may have events without places: those that have not ended, and those that
 *       are newer than `horizon`.
 *   F2. A row of `feed` covers a run of seqs; `position` is that of the last, and those before it have the numbers below.
 */
import type { FeedEntry } from "../engine/store.ts";
import type { Connection } from "./connection.ts";
import type { JournalReader } from "./journal_reader.ts";

/** New executions that one transaction takes in. */
const EXECUTIONS_PER_COMMIT = 1000;
/** Runs that are looked at per page. */
const RUNS = 100;

const FIND_TAILS = `
  SELECT feed_tails.execution, feed_tails.last_seq AS placed, status, coalesce((
    SELECT last_seq FROM journal WHERE journal.id BETWEEN execution << 32 AND execution << 32 | 4294967295
    ORDER BY journal.id DESC LIMIT 1), 0) AS newest
  FROM feed_tails LEFT JOIN executions ON executions.id = execution`;
const HAS_NEW_EXECUTIONS = `
  SELECT 1 FROM feed_state WHERE horizon < (SELECT coalesce(max(id), 0) FROM executions)`;
const TAKE_IN = `
  INSERT INTO feed_tails SELECT id, 0 FROM executions WHERE id > ?1 ORDER BY id LIMIT ${EXECUTIONS_PER_COMMIT}`;
const FIND_RUNS = `
  SELECT position, first_seq, feed.last_seq, execution_id FROM feed JOIN executions ON executions.id = execution
  WHERE position > ? AND status <> 'deleting' ORDER BY position LIMIT ${RUNS}`;

interface Tail {
  execution: number;
  placed: number;
  newest: number;
  /** Null if the execution is gone. */
  status: string | null;
}

interface Run {
  position: number;
  first_seq: number;
  last_seq: number;
  execution_id: string;
}

export class FeedTable {
  readonly #connection: Connection;
  readonly #reader: JournalReader;

  constructor(connection: Connection, reader: JournalReader) {
    this.#connection = connection;
    this.#reader = reader;
  }

  read(after: number, limit: number): FeedEntry[] {
    this.#placeAll();
    for (let from = Math.max(after, 0);;) {
      const runs = this.#connection.statement(FIND_RUNS).all(from) as unknown as Run[];
      const page: FeedEntry[] = [];
      for (const run of runs) {
        if (page.length >= limit || !this.#readRun(run, from, limit, page)) break;
      }
      const newest = runs.at(-1);
      if (page.length > 0 || newest === undefined || limit <= 0) return page;
      from = newest.position;
    }
  }

  end(): number {
    this.#placeAll();
    return this.#connection.statement("SELECT position FROM feed_state").get()?.position as number;
  }

  /** Adds the events of a run to `page`; false if it should be handed out first, because it is long enough. */
  #readRun({ position, first_seq, last_seq, execution_id }: Run, after: number, limit: number, page: FeedEntry[]) {
    const base = position - last_seq;
    const from = Math.max(first_seq - 1, after - base);
    const wanted = Math.min(last_seq - from, limit - page.length);
    const events = this.#reader.read(execution_id, { after: from, limit: wanted });
    for (const event of events) page.push({ position: base + event.seq, event });
    return events.length === wanted;
  }

  /** Gives a place to every event that has none. */
  #placeAll(): void {
    while (this.#hasNews()) this.#connection.transaction(() => this.#place());
  }

  /** Reading takes no lock. */
  #hasNews(): boolean {
    if (this.#connection.statement(HAS_NEW_EXECUTIONS).get() !== undefined) return true;
    return this.#findTails().some(({ placed, newest, status }) => newest > placed || status !== "running");
  }

  #place(): void {
    const { horizon, position } = this.#connection.statement("SELECT horizon, position FROM feed_state").get() as {
      horizon: number;
      position: number;
    };
    this.#connection.statement(TAKE_IN).run(horizon);
    let end = position, greatest = horizon;
    for (const { execution, placed, newest, status } of this.#findTails()) {
      greatest = Math.max(greatest, execution);
      if (newest > placed) {
        end += newest - placed;
        this.#connection.statement("INSERT INTO feed (position, execution, first_seq, last_seq) VALUES (?, ?, ?, ?)")
          .run(end, execution, placed + 1, newest);
      }
      if (status !== "running") this.#connection.statement("DELETE FROM feed_tails WHERE execution = ?").run(execution);
      else if (newest > placed) {
        this.#connection.statement("UPDATE feed_tails SET last_seq = ? WHERE execution = ?").run(newest, execution);
      }
    }
    this.#connection.statement("UPDATE feed_state SET horizon = ?, position = ?").run(greatest, end);
  }

  #findTails(): Tail[] {
    return this.#connection.statement(FIND_TAILS).all() as unknown as Tail[];
  }
}
