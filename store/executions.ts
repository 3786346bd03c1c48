import {
  type ExecutionFilter,
  type ExecutionRecord,
  type ExecutionSummary,
  type Lease,
  normalizeTime,
} from "../engine/store.ts";
import { executionExists, hasEnded, noSuchExecution } from "../engine/store_errors.ts";
import { parseValue, stringifyValue, type Value } from "../engine/value.ts";
import type { Connection } from "./connection.ts";
import { readRow } from "./sqlite_errors.ts";

const SUMMARY = `
  SELECT *, coalesce((
    SELECT last_seq FROM journal WHERE journal.id BETWEEN executions.id << 32 AND executions.id << 32 | 4294967295
    ORDER BY journal.id DESC LIMIT 1), 0) AS last_seq
  FROM executions WHERE status <> 'deleting'`;

/** In the order of lists. Of an execution that is not there, the comparison is NULL and nothing is found. */
const AFTER = "(created_at, id) < (SELECT created_at, id FROM executions WHERE execution_id = ?)";

interface SummaryColumns {
  execution_id: string;
  workflow_id: string;
  workflow_name: string;
  status: ExecutionSummary["status"];
  created_at: string;
  ended_at: string | null;
  duration_ms: number | null;
  error: string | null;
  source: string | null;
  rerun_of: string | null;
  called_by: string | null;
  call_details: string | null;
  owner: string | null;
  lease_expires_at: number;
  last_seq: number;
}

/** What is known of executions besides their events. */
export class ExecutionTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  create(record: ExecutionRecord, lease?: Lease): void {
    const { execution_id, workflow, created_at, source, rerun_of, called_by } = record;
    const { owner = null, expires_at = 0 } = lease ?? {};
    const body = stringifyValue(record as unknown as Value);
    this.#connection.transaction(() => {
      const added = this.#connection.statement(`
        INSERT INTO executions
          (execution_id, workflow_id, workflow_name, status, created_at, source, rerun_of, called_by, call_details,
            owner, lease_expires_at)
        VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
        .run(
          execution_id,
          workflow.id,
          workflow.name,
          created_at,
          source ?? null,
          rerun_of ?? null,
          called_by?.execution_id ?? null,
          called_by === undefined ? null : JSON.stringify(called_by),
          owner,
          expires_at,
        );
      if (added.changes === 0) throw executionExists(execution_id);
      this.#connection.statement("INSERT INTO records (execution, body) VALUES (?, ?)").run(
        added.lastInsertRowid,
        body,
      );
    });
  }

  getRecord(executionId: string): ExecutionRecord | undefined {
    const row = this.#connection.statement(`
      SELECT body FROM records JOIN executions ON id = execution WHERE execution_id = ? AND status <> 'deleting'`)
      .get(executionId);
    if (row === undefined) return undefined;
    const body = row.body as string;
    return readRow(
      this.#connection.path,
      `execution "${executionId}"`,
      () => parseValue(body),
    ) as unknown as ExecutionRecord;
  }

  getSummary(executionId: string, now: number): ExecutionSummary | undefined {
    const row = this.#connection.statement(`${SUMMARY} AND execution_id = ?`).get(executionId);
    return row && toSummary(row as unknown as SummaryColumns, now);
  }

  list(filter: ExecutionFilter, now: number): ExecutionSummary[] {
    const conditions: [string, ...(string | number)[]][] = [];
    if (filter.status !== undefined) conditions.push(statusCondition(filter.status, now));
    if (filter.workflow_id !== undefined) conditions.push(["workflow_id = ?", filter.workflow_id]);
    if (filter.called_by !== undefined) conditions.push(["called_by = ?", filter.called_by]);
    if (filter.top_level) conditions.push(["called_by IS NULL"]);
    if (filter.id_prefix !== undefined) conditions.push(prefixCondition(filter.id_prefix));
    if (filter.source !== undefined) conditions.push(["source = ?", filter.source]);
    if (filter.since !== undefined) conditions.push(["created_at >= ?", normalizeTime(filter.since)]);
    if (filter.until !== undefined) conditions.push(["created_at < ?", normalizeTime(filter.until)]);
    if (filter.after !== undefined) conditions.push([AFTER, filter.after]);
    const where = conditions.map(([sql]) => ` AND ${sql}`).join("");
    const rows = this.#connection.statement(`${SUMMARY}${where} ORDER BY created_at DESC, id DESC LIMIT ?`)
      .all(...conditions.flatMap(([, ...values]) => values), filter.limit ?? 50);
    return (rows as unknown as SummaryColumns[]).map((row) => toSummary(row, now));
  }

  acquireLease({ execution_id, owner, expires_at }: Lease, now: number): boolean {
    const taken = this.#connection.statement(`
      UPDATE executions SET owner = ?2, lease_expires_at = ?3
      WHERE execution_id = ?1 AND status <> 'deleting' AND (lease_expires_at <= ?4 OR owner = ?2)`)
      .run(execution_id, owner, expires_at, now);
    if (taken.changes === 1) return true;
    this.#getStatus(execution_id);
    return false;
  }

  releaseLease(executionId: string, owner: string): void {
    this.#connection.statement("UPDATE executions SET lease_expires_at = 0 WHERE execution_id = ? AND owner = ?")
      .run(executionId, owner);
  }

  listLeases(now: number): Lease[] {
    const rows = this.#connection.statement(`
      SELECT execution_id, owner, lease_expires_at AS expires_at FROM executions
      WHERE status = 'running' AND lease_expires_at > ?`).all(now);
    return rows.map((row) => ({ ...row } as unknown as Lease));
  }

  requestCancel(executionId: string, reason: string): void {
    const asked = this.#connection.statement(`
      UPDATE executions SET cancel_reason = ? WHERE execution_id = ? AND status = 'running'`).run(reason, executionId);
    if (asked.changes === 0) throw hasEnded(executionId, this.#getStatus(executionId));
  }

  cancelRequested(executionId: string): string | undefined {
    const row = this.#connection.statement("SELECT cancel_reason FROM executions WHERE execution_id = ?")
      .get(executionId);
    return (row?.cancel_reason ?? undefined) as string | undefined;
  }

  /** @throws {FlowError} `not_found` */
  #getStatus(executionId: string): string {
    const row = this.#connection.statement("SELECT status FROM executions WHERE execution_id = ?").get(executionId);
    if (row === undefined || row.status === "deleting") throw noSuchExecution(executionId);
    return row.status as string;
  }
}

function statusCondition(status: ExecutionSummary["status"], now: number): [string, ...(string | number)[]] {
  if (status === "running") return ["status = 'running' AND lease_expires_at > ?", now];
  if (status === "interrupted") return ["status = 'running' AND lease_expires_at <= ?", now];
  return ["status = ?", status];
}

/** With bounds, so that the index is used. */
function prefixCondition(prefix: string): [string, ...(string | number)[]] {
  return ["execution_id >= ? AND execution_id < ?", prefix, `${prefix}\u{10ffff}`];
}

function toSummary(row: SummaryColumns, now: number): ExecutionSummary {
  const { execution_id, workflow_id, workflow_name, created_at, last_seq } = row;
  const isInterrupted = row.status === "running" && row.lease_expires_at <= now;
  return {
    execution_id,
    workflow_id,
    workflow_name,
    status: isInterrupted ? "interrupted" : row.status,
    created_at,
    ...(row.ended_at !== null && { ended_at: row.ended_at }),
    ...(row.duration_ms !== null && { duration_ms: row.duration_ms }),
    ...(row.error !== null && { error: JSON.parse(row.error) }),
    ...(row.source !== null && { source: row.source }),
    ...(row.rerun_of !== null && { rerun_of: row.rerun_of }),
    ...(row.call_details !== null && { called_by: JSON.parse(row.call_details) }),
    last_seq,
    ...(row.owner !== null && { owner: row.owner }),
  };
}
