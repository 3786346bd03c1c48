/**
 * What stands in for `node:sqlite` in the package for Node, whose older versions warn that it is experimental. Nobody who
 * runs a workflow can do anything about that; all other warnings stay.
 */
import process from "node:process";

const { emitWarning } = process;
process.emitWarning = (warning: string | Error, ...more: unknown[]) => {
  if (!String(warning).startsWith("SQLite is an experimental feature")) {
    Reflect.apply(emitWarning, process, [warning, ...more]);
  }
};
export const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
process.emitWarning = emitWarning;
