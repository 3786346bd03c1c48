import type { CacheEntry } from "../engine/store.ts";
import { parseValue, stringifyValue, type Values } from "../engine/value.ts";
import type { Connection } from "./connection.ts";
import { readRow } from "./sqlite_errors.ts";

/** Cached results of nodes. */
export class NodeCacheTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get(key: string, now: number): CacheEntry | undefined {
    const row = this.#connection.statement("SELECT * FROM node_cache WHERE key = ? AND expires_at > ?").get(key, now);
    if (row === undefined) return undefined;
    const json = row.outputs as string;
    const outputs = readRow(this.#connection.path, `cached result "${key}"`, () => parseValue(json));
    return { ...row, outputs: outputs as Values } as CacheEntry;
  }

  put({ key, node_type, created_at, expires_at, outputs }: CacheEntry): void {
    const json = stringifyValue(outputs);
    this.#connection.transaction(() => {
      this.#connection.statement("DELETE FROM node_cache WHERE expires_at <= ?").run(created_at);
      this.#connection.statement(`
        INSERT OR REPLACE INTO node_cache (key, node_type, created_at, expires_at, outputs) VALUES (?, ?, ?, ?, ?)`)
        .run(key, node_type, created_at, expires_at, json);
    });
  }

  list(now: number): Omit<CacheEntry, "outputs">[] {
    const rows = this.#connection.statement(`
      SELECT key, node_type, created_at, expires_at FROM node_cache WHERE expires_at > ?
      ORDER BY created_at DESC, key`).all(now);
    return rows.map((row) => ({ ...row })) as unknown as Omit<CacheEntry, "outputs">[];
  }

  clear(nodeType?: string): number {
    const cleared = nodeType === undefined
      ? this.#connection.statement("DELETE FROM node_cache").run()
      : this.#connection.statement("DELETE FROM node_cache WHERE node_type = ?").run(nodeType);
    return Number(cleared.changes);
  }
}
