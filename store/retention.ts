import { normalizeTime, type PruneRule } from "../engine/store.ts";
import { checkPruneRule } from "../engine/store_errors.ts";
import type { BlobTable } from "./blobs.ts";
import type { Connection } from "./connection.ts";

/** Rows that one transaction deletes at most, so that nobody waits long for the write lock. */
const ROWS_PER_COMMIT = 200;

/** Pages of 4 KiB that one commit gives back to the file system. */
const PAGES_PER_COMMIT = 1000;

/** Ended executions that the rule does not keep, and those that an earlier prune had begun with. */
const CONDEMNED = `
  SELECT id FROM executions
  WHERE status = 'deleting' OR (status <> 'running' AND (?1 IS NULL OR ended_at < ?1) AND id NOT IN (
    SELECT id FROM executions WHERE status NOT IN ('running', 'deleting') ORDER BY ended_at DESC, id DESC LIMIT ?2))`;

/**
 * Deletes old executions in many small commits, with a pause after each: others go on working. An execution disappears
 * from all answers at once, with the first of its commits; what a crash leaves over, the next prune deletes.
 */
export async function pruneExecutions(connection: Connection, blobs: BlobTable, rule: PruneRule): Promise<number> {
  checkPruneRule(rule);
  const before = rule.before === undefined ? null : normalizeTime(rule.before);
  const action = "prune executions";
  const condemned = await connection.run(action, () => connection.statement(CONDEMNED).all(before, rule.keep ?? 0));
  let count = 0;
  for (const { id } of condemned as { id: number }[]) {
    if (!await connection.run(action, () => condemn(connection, id))) continue;
    while (!await connection.run(action, () => deletePart(connection, blobs, id))) await pause();
    count++;
  }
  while (await connection.run(action, () => shrink(connection))) await pause();
  return count;
}

/** Hides an execution; false if it runs again, or is gone already. */
function condemn(connection: Connection, id: number): boolean {
  return connection.statement("UPDATE executions SET status = 'deleting' WHERE id = ? AND status <> 'running'")
    .run(id).changes === 1;
}

/** Deletes some of an execution; true when nothing is left of it. */
function deletePart(connection: Connection, blobs: BlobTable, id: number): boolean {
  return connection.transaction(() => {
    for (const table of ["journal", "log_chunks"]) {
      const { changes } = connection.statement(`
        DELETE FROM ${table} WHERE id IN (
          SELECT id FROM ${table} WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | 4294967295 LIMIT ${ROWS_PER_COMMIT})`)
        .run(id);
      if (changes === ROWS_PER_COMMIT) return false;
    }
    const { changes } = connection.statement(`
      DELETE FROM feed WHERE position IN (SELECT position FROM feed WHERE execution = ? LIMIT ${ROWS_PER_COMMIT})`)
      .run(id);
    if (changes === ROWS_PER_COMMIT) return false;
    connection.statement("DELETE FROM feed_tails WHERE execution = ?").run(id);
    blobs.release(id);
    connection.statement("DELETE FROM records WHERE execution = ?").run(id);
    connection.statement("DELETE FROM executions WHERE id = ?").run(id);
    return true;
  });
}

/** Gives free pages back; false when there are none left. */
function shrink(connection: Connection): boolean {
  const countFree = () => connection.statement("PRAGMA freelist_count").get()?.freelist_count as number;
  const free = countFree();
  if (free === 0) return false;
  // Frees one page per step, and only `all` takes every step.
  connection.statement(`PRAGMA incremental_vacuum(${PAGES_PER_COMMIT})`).all();
  return countFree() < free;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
