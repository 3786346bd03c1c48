import { FlowError } from "../engine/errors.ts";
import type { Connection } from "./connection.ts";

/** One step of the database's layout. Published ones never change. */
export interface Migration {
  /** From 1, without gaps. */
  version: number;
  sql: string;
}

/** Marks a database as ours in its file header: "flow" in ASCII. */
export const APPLICATION_ID = 0x666c6f77;

/**
 * All steps, oldest first. Journal and log rows of execution `e` have the key `e << 32 | first_seq`: one integer is the
 * cheapest key there is, it keeps an execution's rows together, and it is what makes a stale writer collide.
 */
export const migrations: readonly Migration[] = [{
  version: 1,
  sql: `
    CREATE TABLE executions (
      id               INTEGER PRIMARY KEY AUTOINCREMENT,
      execution_id     TEXT NOT NULL UNIQUE,
      workflow_id      TEXT NOT NULL,
      workflow_name    TEXT NOT NULL,
      status           TEXT NOT NULL, -- running, succeeded, failed, cancelled; deleting: prune is at it
      created_at       TEXT NOT NULL,
      ended_at         TEXT,
      duration_ms      REAL,
      error            TEXT,
      source           TEXT,
      rerun_of         TEXT,
      owner            TEXT,
      lease_expires_at REAL NOT NULL DEFAULT 0,
      cancel_reason    TEXT
    );
    CREATE INDEX executions_by_time ON executions (created_at);
    CREATE INDEX executions_by_workflow ON executions (workflow_id, created_at);
    CREATE INDEX executions_by_source ON executions (source, created_at) WHERE source IS NOT NULL;
    CREATE INDEX executions_by_status ON executions (status, created_at);

    -- Apart from executions, because documents may be large and updating a row rewrites all of it.
    CREATE TABLE records (
      execution INTEGER PRIMARY KEY REFERENCES executions (id),
      body      TEXT NOT NULL
    );

    -- One row per batch, or several for a large one; together an execution's rows cover all seqs without gaps.
    CREATE TABLE journal (
      id       INTEGER PRIMARY KEY,
      last_seq INTEGER NOT NULL,
      logs     INTEGER NOT NULL, -- log events in this range of seqs
      bytes    INTEGER NOT NULL, -- size of all events in this range, wherever they are kept
      body     TEXT NOT NULL     -- the other events: JSON array, empty text if there is none
    );
    CREATE TABLE log_chunks (
      id        INTEGER PRIMARY KEY,
      execution INTEGER NOT NULL,
      node_id   TEXT NOT NULL,
      last_seq  INTEGER NOT NULL,
      lines     INTEGER NOT NULL,
      body      TEXT NOT NULL -- JSON array of [seq, timestamp, event]
    );
    CREATE INDEX log_chunks_by_node ON log_chunks (execution, node_id);

    CREATE TABLE blobs (
      hash TEXT PRIMARY KEY, -- SHA-256 of data, in hexadecimal
      data TEXT NOT NULL     -- JSON
    );
    CREATE TABLE blob_uses (
      hash      TEXT NOT NULL,
      execution INTEGER NOT NULL,
      PRIMARY KEY (hash, execution)
    ) WITHOUT ROWID;
    CREATE INDEX blob_uses_by_execution ON blob_uses (execution);

    CREATE TABLE workflows (
      workflow_id TEXT NOT NULL,
      version     INTEGER NOT NULL,
      created_at  TEXT NOT NULL,
      body        TEXT NOT NULL,
      PRIMARY KEY (workflow_id, version)
    );

    CREATE TABLE node_cache (
      key        TEXT PRIMARY KEY,
      node_type  TEXT NOT NULL,
      created_at REAL NOT NULL,
      expires_at REAL NOT NULL,
      outputs    TEXT NOT NULL
    );
    CREATE INDEX node_cache_by_expiry ON node_cache (expires_at);
  `,
}, {
  version: 2,
  sql: `
    -- The order of the events of all executions, see feed.ts.
    CREATE TABLE feed (
      position  INTEGER PRIMARY KEY, -- of the last event; those before it have the numbers below
      execution INTEGER NOT NULL,
      first_seq INTEGER NOT NULL,
      last_seq  INTEGER NOT NULL
    );
    CREATE INDEX feed_by_execution ON feed (execution);
    CREATE TABLE feed_tails (
      execution INTEGER PRIMARY KEY,
      last_seq  INTEGER NOT NULL -- its newest event in the feed
    );
    CREATE TABLE feed_state (
      id       INTEGER PRIMARY KEY CHECK (id = 1),
      horizon  INTEGER NOT NULL, -- newer executions have no row in feed_tails yet
      position INTEGER NOT NULL  -- the greatest that was ever given
    );
    INSERT INTO feed_state VALUES (1, 0, 0);
  `,
}, {
  version: 3,
  sql: `
    -- AES-256-GCM, see secret_vault.ts.
    CREATE TABLE secrets (
      name       TEXT PRIMARY KEY,
      nonce      BLOB NOT NULL,
      data       BLOB NOT NULL,
      created_at TEXT NOT NULL,
      updated_at TEXT NOT NULL,
      used_at    TEXT
    ) WITHOUT ROWID;
    CREATE TABLE secret_key (
      id    INTEGER PRIMARY KEY CHECK (id = 1),
      salt  BLOB NOT NULL,
      nonce BLOB NOT NULL,
      proof BLOB NOT NULL -- nothing, encrypted: tells whether a key is the right one
    );
  `,
}, {
  version: 4,
  sql: `
    -- What the server remembers besides executions. Times are epoch milliseconds.
    CREATE TABLE tokens (
      id           TEXT PRIMARY KEY, -- the part of the token that is no secret
      hash         TEXT NOT NULL,    -- SHA-256 of the whole token, in hexadecimal
      name         TEXT NOT NULL,
      role         TEXT NOT NULL,
      created_at   REAL NOT NULL,
      expires_at   REAL,
      last_used_at REAL,
      revoked_at   REAL
    );
    CREATE TABLE audit_log (
      id         INTEGER PRIMARY KEY AUTOINCREMENT,
      at         TEXT NOT NULL,
      actor      TEXT NOT NULL,
      role       TEXT NOT NULL,
      address    TEXT NOT NULL,
      action     TEXT NOT NULL,
      status     INTEGER NOT NULL,
      request_id TEXT NOT NULL
    );
    CREATE TABLE idempotency_keys (
      client       TEXT NOT NULL,
      key          TEXT NOT NULL,
      hash         TEXT NOT NULL,
      execution_id TEXT NOT NULL,
      created_at   REAL NOT NULL,
      PRIMARY KEY (client, key)
    ) WITHOUT ROWID;
    CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
  `,
}, {
  version: 5,
  sql: `
    ALTER TABLE executions ADD COLUMN called_by TEXT;    -- the execution that called it
    ALTER TABLE executions ADD COLUMN call_details TEXT; -- JSON: which node of it, and how deep
    CREATE INDEX executions_by_caller ON executions (called_by) WHERE called_by IS NOT NULL;
  `,
}];

/** The layout that this version of flow writes. */
export const newestVersion: number = migrations.at(-1)?.version ?? 0;

/**
 * Brings a database to the newest of `steps`. Each step is a transaction that looks again at the version, so that
 * processes that start at once take turns.
 * @throws {FlowError} `store_too_new`, or `invalid_argument` if the file belongs to another program
 */
export function migrate(connection: Connection, steps: readonly Migration[] = migrations): void {
  const newest = steps.at(-1)?.version ?? 0;
  if (readVersion(connection) > newest) throw tooNew(connection, newest);
  for (const step of steps) {
    if (readVersion(connection) >= step.version) continue;
    connection.transaction(() => {
      if (readVersion(connection) >= step.version) return;
      if (step.version === 1) adopt(connection);
      connection.exec(step.sql);
      connection.statement("INSERT INTO schema_version (version, applied_at) VALUES (?, datetime('now'))")
        .run(step.version);
    });
  }
  if (readVersion(connection) > newest) throw tooNew(connection, newest);
}

/** The version of a database's layout; 0 if it is empty. */
export function readVersion(connection: Connection): number {
  const { application_id } = connection.statement("PRAGMA application_id").get() as { application_id: number };
  if (application_id !== APPLICATION_ID) return 0;
  const row = connection.statement("SELECT max(version) AS version FROM schema_version").get();
  return (row as { version: number | null }).version ?? 0;
}

/** Makes an empty database ours. */
function adopt(connection: Connection): void {
  const { tables } = connection.statement("SELECT count(*) AS tables FROM sqlite_schema").get() as { tables: number };
  if (tables > 0) {
    throw new FlowError("invalid_argument", `Cannot use "${connection.path}": it is another program's database`, {
      hint: "Name a file that flow made, or one that does not exist yet.",
    });
  }
  connection.exec(`
    PRAGMA application_id = ${APPLICATION_ID};
    CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);
  `);
}

function tooNew(connection: Connection, newest: number): FlowError {
  const version = readVersion(connection);
  return new FlowError(
    "store_too_new",
    `Cannot open database "${connection.path}": its layout has version ${version}, this flow knows up to ${newest}`,
    { hint: "Use the newer flow that wrote it, or another database.", details: { version, newest } },
  );
}
