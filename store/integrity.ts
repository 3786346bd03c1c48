import { DatabaseSync } from "node:sqlite";
import { FlowError } from "../engine/errors.ts";
import { APPLICATION_ID, newestVersion } from "./migrations.ts";
import { translateError } from "./sqlite_errors.ts";

/** What a look at a database found out. */
export interface DatabaseReport {
  path: string;
  /** What is wrong; empty if all is well. */
  problems: string[];
  /** Of its layout; 0 if it is not ours. */
  version: number;
  executions: number;
  size_bytes: number;
}

/** Executions whose journal rows do not follow each other without a gap. */
const GAPS = `
  SELECT DISTINCT execution_id FROM executions JOIN (
    SELECT id >> 32 AS execution, id & 4294967295 AS first_seq,
      lag(last_seq, 1, 0) OVER (PARTITION BY id >> 32 ORDER BY id) AS previous FROM journal
  ) ON execution = executions.id WHERE first_seq <> previous + 1 AND status <> 'deleting'`;

const MISSING_BLOBS = `
  SELECT DISTINCT execution_id FROM executions JOIN blob_uses ON execution = executions.id
  WHERE hash NOT IN (SELECT hash FROM blobs) AND status <> 'deleting'`;

/**
 * Reads every page of a database and reports what does not fit. Changes nothing, and does not stand in the way of
 * those who use it meanwhile. Takes about a second per gigabyte.
 *
 * @throws {FlowError} `not_found`, or `store_failed` if the file cannot be read
 */
export async function checkDatabase(path: string): Promise<DatabaseReport> {
  const { getPlatform } = await import("../platform/mod.ts");
  const found = await getPlatform().stat(path);
  if (found === undefined) throw new FlowError("not_found", `Cannot check database "${path}": there is no such file`);
  const report: DatabaseReport = { path, problems: [], version: 0, executions: 0, size_bytes: found.size };
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    inspect(database, report);
  } catch (error) {
    const problem = translateError(error, "check", path);
    if (problem.code !== "store_corrupt") throw problem;
    report.problems.push(problem.message);
  } finally {
    database?.close();
  }
  return report;
}

function inspect(database: DatabaseSync, report: DatabaseReport): void {
  const texts = (sql: string) => database.prepare(sql).all().map((row) => String(Object.values(row)[0]));
  const number = (sql: string) => Number(texts(sql)[0] ?? 0);
  report.problems.push(...texts("PRAGMA integrity_check").filter((line) => line !== "ok"));
  if (number("PRAGMA application_id") !== APPLICATION_ID) {
    report.problems.push("It was not made by flow");
    return;
  }
  report.version = number("SELECT max(version) FROM schema_version");
  if (report.version > newestVersion) {
    report.problems.push(`Its layout has version ${report.version}, this flow knows up to ${newestVersion}`);
    return;
  }
  report.executions = number("SELECT count(*) FROM executions WHERE status <> 'deleting'");
  for (const id of texts(GAPS)) report.problems.push(`The journal of execution "${id}" has a gap`);
  for (const id of texts(MISSING_BLOBS)) report.problems.push(`Large outputs of execution "${id}" are missing`);
}
