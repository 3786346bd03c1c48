import { FlowError } from "../engine/errors.ts";
import { MemoryStore } from "../engine/memory_store.ts";
import type { Store } from "../engine/store.ts";
import type { Platform } from "../platform/types.ts";
import type { Durability } from "../store/connection.ts";
import type { SecretFlags } from "./secret_sources.ts";

/** What decides where the database is. */
type DatabasePlatform = Pick<Platform, "os" | "env">;

/** Which database a command works with. */
export interface DatabaseFlags {
  /** Default: `FLOW_DB`, else the user's own. */
  readonly db?: string | undefined;
}

/** How a command keeps what it does. */
export interface StoreFlags extends DatabaseFlags, SecretFlags {
  readonly durability?: Durability | undefined;
}

/** Whether a command keeps anything at all. */
export interface NoStoreFlags {
  readonly noStore?: boolean | undefined;
}

/**
 * The store for a command that runs something: the database, created if need be, or the memory with `--no-store`.
 *
 * @throws {FlowError} `invalid_argument`, `unavailable`, and what `openSqliteStore` throws
 */
export async function openStore(platform: Platform, flags: StoreFlags & NoStoreFlags): Promise<Store> {
  if (flags.noStore) {
    if (flags.db === undefined) return new MemoryStore();
    throw new FlowError("invalid_argument", "Cannot use both --db and --no-store", { hint: "Give one of them." });
  }
  const path = databasePath(platform, flags);
  const { openSqliteStore } = await import("../store/open.ts");
  return await openSqliteStore(path, { durability: flags.durability ?? "normal" });
}

/**
 * The store for a command that works with what is there: it creates no database.
 *
 * @throws {FlowError} `not_found` if the user has named a database that does not exist; else as {@link openStore}
 */
export async function openHistory(platform: Platform, flags: StoreFlags): Promise<Store> {
  const path = databasePath(platform, flags);
  if (path === ":memory:" || await platform.stat(path) !== undefined) return await openStore(platform, flags);
  if (namedPath(platform, flags) === undefined) return new MemoryStore();
  throw new FlowError("not_found", `Cannot open database "${path}": there is no such file`, {
    hint: "Check --db and FLOW_DB for typing errors.",
  });
}

/** Calls `work` with a store, which is closed afterwards in any case. */
export async function withStore<S extends Store, T>(opening: Promise<S>, work: (store: S) => Promise<T>): Promise<T> {
  const store = await opening;
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * Where the database is. By default in the place for what programs remember: `$XDG_STATE_HOME` or `~/.local/state`
 * (https://specifications.freedesktop.org/basedir-spec), `~/Library/Application Support`, `%LOCALAPPDATA%`.
 *
 * @throws {FlowError} `unavailable` if there is no such place
 */
export function databasePath(platform: DatabasePlatform, flags: DatabaseFlags): string {
  const named = namedPath(platform, flags);
  if (named !== undefined) return named;
  const folder = stateFolder(platform);
  if (folder === undefined) {
    throw new FlowError("unavailable", "Cannot find a place for the database: this user has no home folder", {
      hint: "Name a file with --db or FLOW_DB, or keep nothing with --no-store.",
    });
  }
  const slash = platform.os === "windows" ? "\\" : "/";
  return [folder, "flow", "flow.db"].join(slash);
}

function namedPath(platform: DatabasePlatform, flags: DatabaseFlags): string | undefined {
  return flags.db ?? setVariable(platform, "FLOW_DB");
}

function stateFolder(platform: DatabasePlatform): string | undefined {
  const named = setVariable(platform, "XDG_STATE_HOME");
  if (named !== undefined) return named;
  if (platform.os === "windows") return setVariable(platform, "LOCALAPPDATA");
  const home = setVariable(platform, "HOME");
  if (home === undefined) return undefined;
  return platform.os === "darwin" ? `${home}/Library/Application Support` : `${home}/.local/state`;
}

/** An empty variable counts as none. */
function setVariable(platform: DatabasePlatform, name: string): string | undefined {
  const value = platform.env(name);
  return value === "" ? undefined : value;
}
