/**
 * The journal of all executions.
 *
 * An append is one commit. Mostly it is a single INSERT, without a transaction of its own and without a look at the
 * newest seq, which is what a chain of nodes pays per hop:
 *
 *   J1. The rows of an execution cover seqs 1, 2, 3 ... without gaps or overlaps, in rows that start where the one
 *       before ended. Log-only batches have a row too.
 *   J2. A writer inserts at `after + 1` only if it knows that a row once ended at `after`: because it wrote that row, or
 *       looked, in the same transaction. Whoever has gone on since then started a row at `after + 1`: the key is taken,
 *       and the stale writer learns it, in whichever process it is.
 *   J3. The INSERT finds its execution, so that nothing can be added to one that is being deleted.
 */
import type { FlowError } from "../engine/errors.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import { statusAfter, type StatusChange } from "../engine/store.ts";
import { noSuchExecution, staleWriter } from "../engine/store_errors.ts";
import type { BlobTable } from "./blobs.ts";
import type { Connection } from "./connection.ts";
import type { EncodedRow } from "./event_codec.ts";
import { isKeyTaken } from "./sqlite_errors.ts";

/** Everything that one append writes. */
export interface Batch {
  executionId: string;
  after: number;
  rows: EncodedRow[];
  /** Large outputs that `rows` refer to: JSON by hash. */
  blobs: ReadonlyMap<string, string>;
  change: StatusChange | undefined;
}

/** Where this process has last written. */
interface Tail {
  /** The execution's number in the database. */
  execution: number;
  lastSeq: number;
}

const INSERT_ROW = `
  INSERT INTO journal (id, last_seq, logs, bytes, body)
  SELECT ?1 << 32 | ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM executions WHERE id = ?1 AND status <> 'deleting')`;
const INSERT_CHUNK = `
  INSERT INTO log_chunks (id, execution, node_id, last_seq, lines, body) VALUES (?1 << 32 | ?2, ?1, ?3, ?4, ?5, ?6)`;
const FIND_TAIL = `
  SELECT id AS execution, coalesce((
    SELECT last_seq FROM journal WHERE journal.id BETWEEN executions.id << 32 AND executions.id << 32 | 4294967295
    ORDER BY journal.id DESC LIMIT 1), 0) AS lastSeq
  FROM executions WHERE execution_id = ? AND status <> 'deleting'`;
const SET_STATUS = `
  UPDATE executions SET status = ?2, ended_at = ?3, duration_ms = ?4, error = ?5,
    cancel_reason = CASE WHEN ?2 = 'running' THEN cancel_reason END
  WHERE id = ?1`;

/** Appends to journals. Throws what SQLite throws; `Connection.run` translates it. */
export class JournalWriter {
  readonly #connection: Connection;
  readonly #blobs: BlobTable;
  readonly #tails = new Map<string, Tail>();

  constructor(connection: Connection, blobs: BlobTable) {
    this.#connection = connection;
    this.#blobs = blobs;
  }

  /**
   * Writes a batch in a commit of its own.
   * @throws {FlowError} `conflict`, `not_found`
   */
  append(batch: Batch): void {
    const tail = this.#tails.get(batch.executionId);
    const row = soleRow(batch);
    if (row !== undefined && tail?.lastSeq === batch.after) return this.#appendRow(batch, row, tail);
    const [refusal] = this.appendAll([batch]);
    if (refusal !== undefined) throw refusal;
  }

  /**
   * Writes all batches in one commit, but for those that come too late: says why, in the order of `batches`. If anything
   * else goes wrong, nothing is written.
   */
  appendAll(batches: readonly Batch[]): (FlowError | undefined)[] {
    for (const { executionId } of batches) this.#tails.delete(executionId);
    const tails = new Map<Batch, Tail>();
    const refusals = this.#connection.transaction(() =>
      batches.map((batch): FlowError | undefined => {
        const tail = this.#findTail(batch.executionId);
        if (tail === undefined) return noSuchExecution(batch.executionId);
        if (tail.lastSeq !== batch.after) return staleWriter(batch.executionId, batch.after, tail.lastSeq);
        tails.set(batch, this.#insert(tail.execution, batch));
        return undefined;
      })
    );
    for (const [{ executionId, change }, tail] of tails) {
      // Whoever writes after the end looks again, so that the map holds only what runs.
      if (change === undefined || change.status === "running") this.#tails.set(executionId, tail);
    }
    return refusals;
  }

  /** The fast path: see J2. */
  #appendRow(batch: Batch, row: EncodedRow, tail: Tail): void {
    const { executionId, after } = batch;
    this.#tails.delete(executionId);
    try {
      if (!this.#insertRow(tail.execution, row)) throw noSuchExecution(executionId);
    } catch (error) {
      if (isKeyTaken(error)) throw staleWriter(executionId, after, this.#findTail(executionId)?.lastSeq ?? 0);
      throw error;
    }
    tail.lastSeq = row.lastSeq;
    this.#tails.set(executionId, tail);
  }

  #insert(execution: number, batch: Batch): Tail {
    let lastSeq = batch.after;
    for (const row of batch.rows) {
      this.#insertRow(execution, row);
      for (const { firstSeq, nodeId, lastSeq, lines, body } of row.chunks?.values() ?? []) {
        this.#connection.statement(INSERT_CHUNK).run(execution, firstSeq, nodeId, lastSeq, lines, body);
      }
      lastSeq = row.lastSeq;
    }
    for (const [hash, json] of batch.blobs) this.#blobs.put(execution, hash, json);
    if (batch.change !== undefined) this.#setStatus(execution, batch.change);
    return { execution, lastSeq };
  }

  /** False if the execution is gone. */
  #insertRow(execution: number, { firstSeq, lastSeq, logs, bytes, body }: EncodedRow): boolean {
    return this.#connection.statement(INSERT_ROW).run(execution, firstSeq, lastSeq, logs, bytes, body).changes === 1;
  }

  #setStatus(execution: number, { status, ended_at, duration_ms, error }: StatusChange): void {
    const info = error === undefined ? null : JSON.stringify(error);
    this.#connection.statement(SET_STATUS).run(execution, status, ended_at ?? null, duration_ms ?? null, info);
  }

  #findTail(executionId: string): Tail | undefined {
    return this.#connection.statement(FIND_TAIL).get(executionId) as Tail | undefined;
  }
}

/** What changes the summary of an execution when `events` are appended. */
export function finalChange(events: readonly ExecutionEvent[]): StatusChange | undefined {
  let change: StatusChange | undefined;
  for (const event of events) change = statusAfter(event) ?? change;
  return change;
}

/** The row of a batch that consists of nothing else. */
function soleRow({ rows, blobs, change }: Batch): EncodedRow | undefined {
  const [row] = rows;
  const isPlain = rows.length === 1 && row?.chunks === undefined && blobs.size === 0 && change === undefined;
  return isPlain ? row : undefined;
}
