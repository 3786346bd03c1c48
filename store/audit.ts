import type { Awaitable } from "../engine/store.ts";
import type { Connection } from "./connection.ts";

/** One change that somebody made through the server, or tried to make. */
export interface AuditRow {
  id: number;
  /** RFC 3339. */
  at: string;
  /** The name of the token. */
  actor: string;
  role: "viewer" | "operator" | "admin";
  address: string;
  /** The method and the path. */
  action: string;
  /** The HTTP status that it was answered with. */
  status: number;
  request_id: string;
}

/** Older entries make room for new ones. */
const MAX_ENTRIES = 100_000;
/** How often room is made. */
const SWEEP_EVERY = 1000;

/** Who changed what. */
export class AuditTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(entry: Omit<AuditRow, "id">): Awaitable<void> {
    const { at, actor, role, address, action, status, request_id } = entry;
    return this.#connection.run("write the audit log", () => {
      const { lastInsertRowid } = this.#connection.statement(`
        INSERT INTO audit_log (at, actor, role, address, action, status, request_id) VALUES (?, ?, ?, ?, ?, ?, ?)`)
        .run(at, actor, role, address, action, status, request_id);
      const newest = Number(lastInsertRowid);
      if (newest % SWEEP_EVERY !== 0) return;
      this.#connection.statement("DELETE FROM audit_log WHERE id <= ?").run(newest - MAX_ENTRIES);
    });
  }

  /** The newest first, before the entry with the id `before`. */
  list({ before, limit }: { before?: number | undefined; limit: number }): Awaitable<AuditRow[]> {
    return this.#connection.run("read the audit log", () => {
      const rows = this.#connection.statement("SELECT * FROM audit_log WHERE id < ? ORDER BY id DESC LIMIT ?")
        .all(before ?? Number.MAX_SAFE_INTEGER, limit);
      return rows.map((row) => ({ ...row }) as unknown as AuditRow);
    });
  }
}
