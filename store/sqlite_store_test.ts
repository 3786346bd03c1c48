import { storeContract } from "../tests/contracts/store_contract.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./open.ts";
import type { SqliteStore } from "./sqlite_store.ts";

storeContract("SqliteStore in memory", () => openSqliteStore(":memory:"));
storeContract("SqliteStore in a file", () => openInTempFolder({}));
storeContract("SqliteStore in a file, with full durability", () => openInTempFolder({ durability: "full" }));

/** The folder goes when the store is closed. */
async function openInTempFolder(options: SqliteStoreOptions): Promise<SqliteStore> {
  const folder = await Deno.makeTempDir({ prefix: "flow-store-" });
  const store = await openSqliteStore(`${folder}/flow.db`, options);
  const close = store.close.bind(store);
  store.close = async () => {
    await close();
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  };
  return store;
}
