import { FlowError } from "../engine/errors.ts";
import type { FileStat } from "../platform/types.ts";
import { Connection, type Durability, runWithPatience } from "./connection.ts";
import { migrate, type Migration, migrations } from "./migrations.ts";
import { SqliteStore } from "./sqlite_store.ts";

/** How to open a store. */
export interface SqliteStoreOptions {
  /** Default `normal`: what was appended survives any crash of this process. `full`: power loss too, for an fsync. */
  durability?: Durability;
  /** How long to wait while another process has the database locked. Default 30000. */
  busyTimeoutMs?: number;
}

/**
 * Opens the database at `path`, creating the file (for its owner only) and its folders, or bringing an older layout up
 * to date. `:memory:` is a database of its own that nobody else sees.
 *
 * ```ts
 * import { createEngine, openSqliteStore } from "flowengine";
 *
 * const store = await openSqliteStore("flow.db");
 * const engine = createEngine({ store });
 * await engine.close();
 * await store.close();
 * ```
 *
 * @throws {FlowError} `store_failed`, `store_corrupt`, `store_too_new`, `unavailable`, or `invalid_argument` if the file
 * is another program's database, a folder, or no name at all
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
  return openWithMigrations(path, options, migrations);
}

/** {@link openSqliteStore} with another history of layouts; for tests. */
export async function openWithMigrations(
  path: string,
  options: SqliteStoreOptions,
  steps: readonly Migration[],
): Promise<SqliteStore> {
  const { durability = "normal", busyTimeoutMs: patienceMs = 30_000 } = options;
  if (path !== ":memory:") await createFile(path);
  return await runWithPatience("open", path, patienceMs, () => {
    const connection = new Connection(path, { durability, patienceMs });
    try {
      migrate(connection, steps);
    } catch (error) {
      connection.close();
      throw error;
    }
    return new SqliteStore(connection, durability);
  });
}

/** Creates an empty file, because SQLite would let everyone read it; it gives its other files the same mode. */
async function createFile(path: string): Promise<void> {
  if (path === "") {
    throw new FlowError("invalid_argument", 'Cannot open database "": its name is empty', {
      hint: 'Name a file, such as "flow.db".',
    });
  }
  const { getPlatform } = await import("../platform/mod.ts");
  const platform = getPlatform();
  try {
    const found = await platform.stat(path);
    if (found !== undefined) return checkFile(path, found);
    const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
    if (folder !== "") await platform.makeDir(folder, { mode: 0o700 });
    await platform.writeFile(path, "", { createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof FlowError && error.code === "invalid_argument") throw error;
    // Another process may have created it meanwhile.
    if (await platform.stat(path).catch(() => undefined) !== undefined) return;
    throw new FlowError("store_failed", `Cannot create database "${path}": its folder is not writable`, {
      hint: "Name another file with --db, or give flow write access to the folder.",
      details: { path },
      cause: error,
    });
  }
}

function checkFile(path: string, { isDirectory }: FileStat): void {
  if (!isDirectory) return;
  throw new FlowError("invalid_argument", `Cannot open database "${path}": it is a folder`, {
    hint: `Name a file, such as "${path.replace(/[\\/]$/, "")}/flow.db".`,
    details: { path },
  });
}
