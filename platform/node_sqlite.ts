/**
 * What stands in for `node:sqlite` in the package for Node. Older versions warn that it is experimental, about which
 * nobody who runs a workflow can do anything; all other warnings stay. And they take `?1` for a name, so that values by
 * position find no place.
 */
import process from "node:process";
import type { SQLInputValue, StatementSync } from "node:sqlite";

const { emitWarning } = process;
process.emitWarning = (warning: string | Error, ...more: unknown[]) => {
  if (!String(warning).startsWith("SQLite is an experimental feature")) {
    Reflect.apply(emitWarning, process, [warning, ...more]);
  }
};
const { DatabaseSync: NativeDatabase } = process.getBuiltinModule("node:sqlite");
process.emitWarning = emitWarning;

class NamingDatabase extends NativeDatabase {
  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    return /\?\d/.test(sql) ? bindByName(statement) : statement;
  }
}

/** Lets a statement whose parameters have numbers take their values by position. */
export function bindByName(statement: StatementSync): StatementSync {
  const named = (values: SQLInputValue[]) => Object.fromEntries(values.map((value, index) => [`?${index + 1}`, value]));
  const { run, get, all, iterate } = statement;
  statement.run = (...values: unknown[]) => run.call(statement, named(values as SQLInputValue[]));
  statement.get = (...values: unknown[]) => get.call(statement, named(values as SQLInputValue[]));
  statement.all = (...values: unknown[]) => all.call(statement, named(values as SQLInputValue[]));
  statement.iterate = (...values: unknown[]) => iterate.call(statement, named(values as SQLInputValue[]));
  return statement;
}

function takesNumbers(): boolean {
  const database = new NativeDatabase(":memory:");
  try {
    database.prepare("SELECT ?1").get(1);
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

export const DatabaseSync = takesNumbers() ? NativeDatabase : NamingDatabase;
