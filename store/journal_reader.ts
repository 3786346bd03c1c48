import type { ExecutionEvent } from "../engine/events.ts";
import type { EventQuery } from "../engine/store.ts";
import type { BlobTable } from "./blobs.ts";
import type { Connection } from "./connection.ts";
import { decodeChunk, decodeRow } from "./event_codec.ts";
import { corruptRow } from "./sqlite_errors.ts";

/** A page ends with the row that makes it this long, whatever the limit. */
const PAGE_BYTES = 1024 * 1024;

/** Reads `after < seq`, from the row that contains `after + 1`. */
const FIRST_ROW = `coalesce((SELECT max(id) FROM journal WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | (?2 + 1)), ?1 << 32)`;
const LAST_ROW = `?1 << 32 | 4294967295`;
const SELECT_ROWS = `SELECT last_seq, logs, bytes, body FROM journal
  WHERE id BETWEEN ${FIRST_ROW} AND ${LAST_ROW} AND last_seq > ?2`;
const ALL_ROWS = `${SELECT_ROWS} ORDER BY id`;
const STATE_ROWS = `${SELECT_ROWS} AND body <> '' ORDER BY id`;
const CHUNKS = `SELECT id & 4294967295 AS first_seq, last_seq, node_id, body FROM log_chunks
  WHERE id BETWEEN ${FIRST_ROW} AND ${LAST_ROW} AND last_seq > ?2`;
const ALL_CHUNKS = `${CHUNKS} ORDER BY id`;
const NODE_CHUNKS = `${CHUNKS} AND execution = ?1 AND node_id = ?3 ORDER BY id`;

interface RowColumns {
  last_seq: number;
  logs: number;
  bytes: number;
  body: string;
}

interface ChunkColumns {
  first_seq: number;
  last_seq: number;
  node_id: string;
  body: string;
}

/** What a page is made of. */
interface Request {
  execution: number;
  executionId: string;
  after: number;
  limit: number;
  nodeId: string | undefined;
}

/** Reads journals in pages of bounded size. */
export class JournalReader {
  readonly #connection: Connection;
  readonly #blobs: BlobTable;

  constructor(connection: Connection, blobs: BlobTable) {
    this.#connection = connection;
    this.#blobs = blobs;
  }

  read(executionId: string, query: EventQuery): ExecutionEvent[] {
    const { after = 0, limit = 1000, kind = "all", node_id: nodeId } = query;
    const found = this.#connection.statement(
      "SELECT id FROM executions WHERE execution_id = ? AND status <> 'deleting'",
    )
      .get(executionId);
    if (found === undefined || limit <= 0) return [];
    const request = { execution: found.id as number, executionId, after: Math.max(after, 0), limit, nodeId };
    if (kind === "logs") return this.#cut(request, this.#readLogs(request));
    for (;;) {
      const { events, lastSeq } = this.#readRows(request, kind === "all");
      const page = this.#cut(request, events);
      if (page.length > 0 || lastSeq === undefined) return page;
      request.after = lastSeq;
    }
  }

  /** The events asked for, of those that whole rows and chunks held. */
  #cut({ after, limit, nodeId }: Request, events: ExecutionEvent[]): ExecutionEvent[] {
    return events.filter((event) =>
      event.seq > after && (nodeId === undefined || ("node_id" in event && event.node_id === nodeId))
    ).slice(0, limit);
  }

  /** Events of the next journal rows, and the last seq that they cover. */
  #readRows(request: Request, withLogs: boolean): { events: ExecutionEvent[]; lastSeq?: number } {
    const { execution, executionId, after, limit } = request;
    const events: ExecutionEvent[] = [];
    let logs = 0, bytes = 0, lastSeq: number | undefined;
    const rows = this.#connection.statement(withLogs ? ALL_ROWS : STATE_ROWS).iterate(execution, after);
    for (const row of rows as Iterable<unknown> as Iterable<RowColumns>) {
      events.push(...this.#decode(row.body, executionId));
      if (withLogs) logs += row.logs;
      bytes += row.bytes;
      lastSeq = row.last_seq;
      if (events.length + logs >= limit || bytes >= PAGE_BYTES) break;
    }
    if (lastSeq === undefined) return { events };
    if (logs > 0) {
      events.push(...this.#readLogs(request, lastSeq));
      events.sort((a, b) => a.seq - b.seq);
    }
    return { events, lastSeq };
  }

  /**
   * Log events, in order: up to `upTo`, or else a page full. The chunks of different nodes interleave within a journal
   * row, but never beyond one: a page can only end where no chunk is cut.
   */
  #readLogs({ execution, executionId, after, limit, nodeId }: Request, upTo?: number): ExecutionEvent[] {
    const events: ExecutionEvent[] = [];
    let bytes = 0, lastSeq = 0;
    const statement = nodeId === undefined ? ALL_CHUNKS : NODE_CHUNKS;
    const values = nodeId === undefined ? [execution, after] : [execution, after, nodeId];
    const chunks = this.#connection.statement(statement).iterate(...values);
    for (const chunk of chunks as Iterable<unknown> as Iterable<ChunkColumns>) {
      if (upTo !== undefined && chunk.first_seq > upTo) break;
      const isFull = events.length >= limit || bytes >= PAGE_BYTES;
      if (upTo === undefined && isFull && chunk.first_seq > lastSeq) break;
      for (const event of this.#decodeChunk(chunk, executionId)) if (event.seq > after) events.push(event);
      bytes += chunk.body.length;
      lastSeq = Math.max(lastSeq, chunk.last_seq);
    }
    return events.sort((a, b) => a.seq - b.seq);
  }

  #decode(body: string, executionId: string): ExecutionEvent[] {
    try {
      return decodeRow(body, executionId, (hash) => this.#blobs.get(hash));
    } catch (error) {
      throw corruptRow(this.#connection.path, `events of execution "${executionId}"`, error);
    }
  }

  #decodeChunk({ body, node_id }: ChunkColumns, executionId: string): ExecutionEvent[] {
    try {
      return decodeChunk(body, executionId, node_id);
    } catch (error) {
      throw corruptRow(this.#connection.path, `log lines of execution "${executionId}"`, error);
    }
  }
}
