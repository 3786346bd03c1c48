import type { ExecutionEvent } from "../engine/events.ts";
import type { EventQuery } from "../engine/store.ts";
import type { BlobTable } from "./blobs.ts";
import type { Connection } from "./connection.ts";
import { decodeChunk, decodeRow } from "./event_codec.ts";
import { readRow } from "./sqlite_errors.ts";

/** A page ends with the row that makes it this long, whatever the limit. */
const PAGE_BYTES = 1024 * 1024;

/** Rows that a page consists of at most. */
const PAGE_ROWS = 1000;

/** From the row that contains seq `after + 1` (`after` is ?2) to the end of execution ?1. */
const REST = `
  id BETWEEN coalesce((SELECT max(id) FROM journal WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | (?2 + 1)), ?1 << 32)
    AND ?1 << 32 | 4294967295 AND last_seq > ?2`;
const SEQS = "id & 4294967295 AS first_seq, last_seq";

/** What the next rows or chunks are, without reading their bodies. */
const NEXT_ROWS = {
  all: `SELECT ${SEQS}, last_seq - (id & 4294967295) + 1 AS events, bytes FROM journal WHERE ${REST}
    ORDER BY id LIMIT ?3`,
  state: `SELECT ${SEQS}, last_seq - (id & 4294967295) + 1 - logs AS events, bytes FROM journal
    WHERE ${REST} AND body <> '' ORDER BY id LIMIT ?3`,
  logs: `SELECT ${SEQS}, logs AS events, bytes FROM journal WHERE ${REST} AND logs > 0 ORDER BY id LIMIT ?3`,
  node: `SELECT ${SEQS}, lines AS events, octet_length(body) AS bytes FROM log_chunks
    WHERE ${REST} AND execution = ?1 AND node_id = ?4 ORDER BY id LIMIT ?3`,
};

const BODIES = "SELECT body FROM journal WHERE id BETWEEN ?1 << 32 | ?2 AND ?1 << 32 | ?3 AND body <> '' ORDER BY id";
const CHUNKS = "SELECT node_id, body FROM log_chunks WHERE id BETWEEN ?1 << 32 | ?2 AND ?1 << 32 | ?3";
const NODE_CHUNKS = `${CHUNKS} AND execution = ?1 AND node_id = ?4`;

interface RowColumns {
  first_seq: number;
  last_seq: number;
  events: number;
  bytes: number;
}

/** Where a page begins and ends: always with whole rows. */
interface Span {
  firstSeq: number;
  lastSeq: number;
}

/** An {@link EventQuery} without gaps. */
interface Request {
  execution: number;
  executionId: string;
  after: number;
  limit: number;
  kind: "all" | "state" | "logs";
  nodeId: string | undefined;
}

/**
 * Reads journals in pages of bounded size. Never with `iterate()`: in Deno it ends early, without any error, where a
 * page of the file is damaged.
 */
export class JournalReader {
  readonly #connection: Connection;
  readonly #blobs: BlobTable;

  constructor(connection: Connection, blobs: BlobTable) {
    this.#connection = connection;
    this.#blobs = blobs;
  }

  read(executionId: string, query: EventQuery): ExecutionEvent[] {
    const { after = 0, limit = 1000, kind = "all", node_id: nodeId } = query;
    const found = this.#connection
      .statement("SELECT id FROM executions WHERE execution_id = ? AND status <> 'deleting'").get(executionId);
    if (found === undefined || limit <= 0) return [];
    const request = { execution: found.id as number, executionId, after: Math.max(after, 0), limit, kind, nodeId };
    for (;;) {
      const span = this.#findSpan(request);
      if (span === undefined) return [];
      const page = this.#readSpan(request, span).filter((event) =>
        event.seq > request.after && (nodeId === undefined || ("node_id" in event && event.node_id === nodeId))
      );
      if (page.length > 0) return page.slice(0, limit);
      request.after = span.lastSeq;
    }
  }

  /** The next rows that fill a page; undefined at the end. */
  #findSpan({ execution, after, limit, kind, nodeId }: Request): Span | undefined {
    const maxRows = Math.min(limit, PAGE_ROWS);
    const found = kind === "logs" && nodeId !== undefined
      ? this.#connection.statement(NEXT_ROWS.node).all(execution, after, maxRows, nodeId)
      : this.#connection.statement(NEXT_ROWS[kind]).all(execution, after, maxRows);
    let span: Span | undefined;
    let events = 0, bytes = 0;
    for (const row of found as unknown as RowColumns[]) {
      span = { firstSeq: span?.firstSeq ?? row.first_seq, lastSeq: row.last_seq };
      events += row.events;
      bytes += row.bytes;
      if (events >= limit || bytes >= PAGE_BYTES) break;
    }
    return span;
  }

  /** All events of a span that are of the kind asked for, in order. */
  #readSpan(request: Request, { firstSeq, lastSeq }: Span): ExecutionEvent[] {
    const { execution, executionId, kind, nodeId } = request;
    const events: ExecutionEvent[] = [];
    if (kind !== "logs") {
      for (const { body } of this.#connection.statement(BODIES).all(execution, firstSeq, lastSeq)) {
        events.push(...this.#decode(body as string, executionId));
      }
    }
    if (kind === "state") return events;
    const chunks = kind === "logs" && nodeId !== undefined
      ? this.#connection.statement(NODE_CHUNKS).all(execution, firstSeq, lastSeq, nodeId)
      : this.#connection.statement(CHUNKS).all(execution, firstSeq, lastSeq);
    for (const { node_id, body } of chunks) {
      events.push(...this.#decode(body as string, executionId, node_id as string));
    }
    return chunks.length === 0 ? events : events.sort((a, b) => a.seq - b.seq);
  }

  #decode(body: string, executionId: string, nodeId?: string): ExecutionEvent[] {
    return readRow(
      this.#connection.path,
      `events of execution "${executionId}"`,
      () =>
        nodeId === undefined
          ? decodeRow(body, executionId, (hash) => this.#blobs.get(hash))
          : decodeChunk(body, executionId, nodeId),
    );
  }
}
