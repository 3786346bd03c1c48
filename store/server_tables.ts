import { AuditTable } from "./audit.ts";
import { IdempotencyTable } from "./idempotency.ts";
import { connectionOf, type SqliteStore } from "./sqlite_store.ts";
import { TokenTable } from "./tokens.ts";

/** What a server remembers besides executions. */
export interface ServerTables {
  tokens: TokenTable;
  audit: AuditTable;
  idempotency: IdempotencyTable;
}

/** The server's tables in the file of a store, which closes them with itself. */
export function openServerTables(store: SqliteStore): ServerTables {
  const connection = connectionOf(store);
  return {
    tokens: new TokenTable(connection),
    audit: new AuditTable(connection),
    idempotency: new IdempotencyTable(connection),
  };
}
