import type { WorkflowVersion } from "../engine/store.ts";
import { checkExpected } from "../engine/store_errors.ts";
import { parseValue, stringifyValue, type Value } from "../engine/value.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { Connection } from "./connection.ts";
import { readRow } from "./sqlite_errors.ts";

interface VersionColumns {
  workflow_id: string;
  version: number;
  created_at: string;
  body: string;
}

/** Saved workflows with all their versions. */
export class WorkflowTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  save(workflow: Workflow, now: number, expected?: number): WorkflowVersion {
    const body = stringifyValue(workflow as unknown as Value);
    const created_at = new Date(now).toISOString();
    return this.#connection.transaction(() => {
      const newest = this.#find(workflow.id);
      checkExpected(workflow.id, newest?.version ?? 0, expected);
      if (newest?.body === body) return this.#toVersion(newest);
      const version = (newest?.version ?? 0) + 1;
      this.#connection.statement("INSERT INTO workflows (workflow_id, version, created_at, body) VALUES (?, ?, ?, ?)")
        .run(workflow.id, version, created_at, body);
      return { workflow_id: workflow.id, version, workflow, created_at };
    });
  }

  load(workflowId: string, version?: number): WorkflowVersion | undefined {
    const row = this.#find(workflowId, version);
    return row && this.#toVersion(row);
  }

  list(): WorkflowVersion[] {
    const rows = this.#connection.statement(`
      SELECT * FROM workflows AS w
      WHERE version = (SELECT max(version) FROM workflows WHERE workflow_id = w.workflow_id) ORDER BY workflow_id`)
      .all();
    return (rows as unknown as VersionColumns[]).map((row) => this.#toVersion(row));
  }

  delete(workflowId: string, expected?: number): boolean {
    return this.#connection.transaction(() => {
      checkExpected(workflowId, this.#find(workflowId)?.version ?? 0, expected);
      return this.#connection.statement("DELETE FROM workflows WHERE workflow_id = ?").run(workflowId).changes !== 0;
    });
  }

  #find(workflowId: string, version?: number): VersionColumns | undefined {
    const row = version === undefined
      ? this.#connection.statement("SELECT * FROM workflows WHERE workflow_id = ? ORDER BY version DESC LIMIT 1")
        .get(workflowId)
      : this.#connection.statement("SELECT * FROM workflows WHERE workflow_id = ? AND version = ?")
        .get(workflowId, version);
    return row as unknown as VersionColumns | undefined;
  }

  #toVersion({ workflow_id, version, created_at, body }: VersionColumns): WorkflowVersion {
    const workflow = readRow(this.#connection.path, `workflow "${workflow_id}"`, () => parseValue(body));
    return { workflow_id, version, workflow: workflow as unknown as Workflow, created_at };
  }
}
