import { DatabaseSync } from "node:sqlite";
import type { ExecutionSummary } from "../engine/store.ts";

/** What a list of proposals shows of an execution. */
export type GlancedExecution = Pick<ExecutionSummary, "execution_id" | "workflow_name" | "status" | "created_at">;

/** Longer than any writer needs for a commit, shorter than people notice. */
const BUSY_MS = 50;

const EXECUTIONS = `
  SELECT execution_id, workflow_name, created_at,
    CASE WHEN status = 'running' AND lease_expires_at <= ?1 THEN 'interrupted' ELSE status END AS status
  FROM executions
  WHERE status <> 'deleting' AND execution_id >= ?2 AND execution_id < ?2 || char(1114111) AND called_by IS NULL
  ORDER BY created_at DESC, id DESC LIMIT ?3`;

const NODES = `
  SELECT node.value ->> '$.id' AS id, node.value ->> '$.node_type' AS node_type
  FROM executions JOIN records ON records.execution = executions.id, json_each(records.body, '$.workflow.nodes') AS node
  WHERE executions.execution_id = ? LIMIT ?`;

/**
 * A quick look at a database by someone who must not disturb it: reads only, creates and updates nothing, and does not
 * wait for others. Every call may throw what SQLite throws, also because the layout is of another version.
 */
export class HistoryGlance {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true });
    this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  }

  /** The newest first, of those whose id begins like that; without those that others have called. */
  listExecutions(prefix: string, limit: number, now: number): GlancedExecution[] {
    return this.#database.prepare(EXECUTIONS).all(now, prefix, limit) as unknown as GlancedExecution[];
  }

  /** The nodes of the document that an execution was started with, in their order. */
  listNodes(executionId: string, limit: number): { id: string; node_type: string }[] {
    return this.#database.prepare(NODES).all(executionId, limit) as unknown as { id: string; node_type: string }[];
  }

  close(): void {
    this.#database.close();
  }
}

/** Opens a database for a quick look. @throws what SQLite throws */
export function openGlance(path: string): HistoryGlance {
  return new HistoryGlance(path);
}
