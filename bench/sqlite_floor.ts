import { DatabaseSync } from "node:sqlite";
import type { StoreKind } from "./figure.ts";

/** What an event of a no-op node weighs in a journal, more or less. */
const EVENT = JSON.stringify({ type: "NodeCompleted", node_id: "n12345", outputs: { out: 1 }, duration_ms: 0 });
/** NodeStarted and NodeCompleted. */
const EVENTS_PER_NODE = 2;

/**
 * Nodes per second that SQLite itself could journal: two raw inserts per node, `nodesPerCommit` nodes per transaction.
 * One per commit is the floor of a chain (a result is committed before the next node starts), many that of a fan-out.
 */
export function measureSqliteFloor(
  kind: Exclude<StoreKind, "memory">,
  folder: string,
  nodes: number,
  nodesPerCommit: number,
): number {
  const database = new DatabaseSync(`${folder}/floor-${crypto.randomUUID()}.db`);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${kind === "sqlite-full" ? "FULL" : "NORMAL"};
    CREATE TABLE event (execution INTEGER, seq INTEGER, body TEXT, PRIMARY KEY (execution, seq)) WITHOUT ROWID;`);
  const insert = database.prepare("INSERT INTO event VALUES (1, ?, ?)");
  const started = performance.now();
  for (let node = 0, seq = 0; node < nodes; node += nodesPerCommit) {
    database.exec("BEGIN IMMEDIATE");
    for (let row = 0; row < nodesPerCommit * EVENTS_PER_NODE; row++) insert.run(++seq, EVENT);
    database.exec("COMMIT");
  }
  const seconds = (performance.now() - started) / 1000;
  database.close();
  return nodes / seconds;
}
