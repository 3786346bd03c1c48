import { AuditTable } from "./audit.ts";
import { IdempotencyTable } from "./idempotency.ts";
import type { Awaitable } from "../engine/store.ts";
import { connectionOf, type SqliteStore } from "./sqlite_store.ts";
import { TokenTable } from "./tokens.ts";

/** What a server remembers besides executions. */
export interface ServerTables {
  tokens: TokenTable;
  audit: AuditTable;
  idempotency: IdempotencyTable;
  /** Writes to the file, and changes nothing. @throws {FlowError} `store_failed`, `unavailable` if it cannot be done */
  checkWritable(): Awaitable<void>;
}

/** The server's tables in the file of a store, which closes them with itself. */
export function openServerTables(store: SqliteStore): ServerTables {
  const connection = connectionOf(store);
  return {
    tokens: new TokenTable(connection),
    audit: new AuditTable(connection),
    idempotency: new IdempotencyTable(connection),
    checkWritable: () =>
      connection.run("write to the database", () =>
        connection.transaction(() => {
          const version = Number(connection.statement("PRAGMA user_version").get()?.user_version);
          connection.exec(`PRAGMA user_version = ${version}`);
        })),
  };
}
