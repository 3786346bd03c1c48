import { MemoryStore, type Store } from "../mod.ts";
import { openSqliteStore } from "../store/open.ts";
import type { StoreKind } from "./figure.ts";

export const storeKinds: readonly StoreKind[] = ["memory", "sqlite-normal", "sqlite-full"];

/** Opens a new, empty store; its file goes to `folder`, which the caller deletes after `close`. */
export async function openBenchStore(kind: StoreKind, folder: string): Promise<Store> {
  if (kind === "memory") return new MemoryStore();
  return await openSqliteStore(`${folder}/flow.db`, { durability: kind === "sqlite-full" ? "full" : "normal" });
}

export function isStoreKind(text: string): text is StoreKind {
  return (storeKinds as readonly string[]).includes(text);
}
