import type { Awaitable } from "../engine/store.ts";
import type { Connection } from "./connection.ts";

/** A request that may come twice. */
export interface KeyedRow {
  client: string;
  key: string;
  /** Of all that it asks for. */
  hash: string;
  execution_id: string;
}

/** How long a key is remembered. */
const KEPT_MS = 24 * 3_600_000;

/** Which execution a request with an idempotency key has started. */
export class IdempotencyTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Remembers the request unless its key is known; answers what is known of the key afterwards. */
  claim(
    { client, key, hash, execution_id }: KeyedRow,
    now: number,
  ): Awaitable<{ hash: string; execution_id: string; isNew: boolean }> {
    return this.#connection.run("remember a request", () =>
      this.#connection.transaction(() => {
        this.#connection.statement("DELETE FROM idempotency_keys WHERE created_at < ?").run(now - KEPT_MS);
        const added = this.#connection.statement(`
          INSERT INTO idempotency_keys (client, key, hash, execution_id, created_at) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT DO NOTHING`).run(client, key, hash, execution_id, now);
        if (added.changes === 1) return { hash, execution_id, isNew: true };
        const known = this.#connection.statement(
          "SELECT hash, execution_id FROM idempotency_keys WHERE client = ? AND key = ?",
        ).get(client, key) as unknown as Pick<KeyedRow, "hash" | "execution_id">;
        return { ...known, isNew: false };
      }));
  }

  release(client: string, key: string): Awaitable<void> {
    return this.#connection.run("forget a request", () => {
      this.#connection.statement("DELETE FROM idempotency_keys WHERE client = ? AND key = ?").run(client, key);
    });
  }
}
