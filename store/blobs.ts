import type { ExecutionEvent } from "../engine/events.ts";
import type { Connection } from "./connection.ts";
import { type LargeOutputs, largeOutputs } from "./event_codec.ts";
import { corruptRow } from "./sqlite_errors.ts";

/** Large outputs, each kept once under the SHA-256 of its JSON. */
export class BlobTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Within a transaction. */
  put(execution: number, hash: string, json: string): void {
    this.#connection.statement("INSERT INTO blobs (hash, data) VALUES (?, ?) ON CONFLICT DO NOTHING").run(hash, json);
    this.#connection.statement("INSERT INTO blob_uses (hash, execution) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .run(hash, execution);
  }

  /** @throws {FlowError} `store_corrupt` if there is none */
  get(hash: string): string {
    const row = this.#connection.statement("SELECT data FROM blobs WHERE hash = ?").get(hash);
    if (row === undefined) throw corruptRow(this.#connection.path, `output ${hash}`);
    return row.data as string;
  }

  /** Forgets what only this execution uses. Within a transaction. */
  release(execution: number): void {
    this.#connection.statement(`
      DELETE FROM blobs WHERE hash IN (SELECT hash FROM blob_uses WHERE execution = ?1)
        AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE hash = blobs.hash AND execution <> ?1)`).run(execution);
    this.#connection.statement("DELETE FROM blob_uses WHERE execution = ?").run(execution);
  }
}

/** The large outputs of a batch, with their hashes. Hashing runs on another thread. */
export async function hashLargeOutputs(
  events: readonly ExecutionEvent[],
): Promise<{ byEvent: Map<ExecutionEvent, LargeOutputs>; byHash: Map<string, string> }> {
  const byEvent = new Map<ExecutionEvent, LargeOutputs>();
  const byHash = new Map<string, string>();
  for (const event of events) {
    const ports = new Map<string, { hash: string; json: string }>();
    for (const [port, json] of largeOutputs(event)) {
      const hash = await hashText(json);
      ports.set(port, { hash, json });
      byHash.set(hash, json);
    }
    if (ports.size > 0) byEvent.set(event, ports);
  }
  return { byEvent, byHash };
}

async function hashText(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
