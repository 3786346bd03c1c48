import type { Clock } from "./clock.ts";
import type { PreparedNode } from "./prepare.ts";
import type { SecretGuard } from "./secret_guard.ts";
import type { Store } from "./store.ts";
import { canonicalJson, type Value, type Values } from "./value.ts";

/** What a node's result depends on. */
export interface HashParts {
  /** Such as `http.request`. */
  node_type: string;
  /** Of the node type. */
  version: number;
  /** With defaults filled in. */
  config: Value;
  /** By port. */
  inputs: Values;
}

/**
 * The key under which a node's outputs are cached: SHA-256 of the canonical JSON of all that they depend on, in hex.
 *
 * ```ts
 * import { computeHash } from "flowengine";
 *
 * console.log(await computeHash({ node_type: "text.shout", version: 1, config: {}, inputs: { text: "hi" } }));
 * ```
 */
export async function computeHash(parts: HashParts): Promise<string> {
  const { node_type, version, config, inputs } = parts;
  const text = canonicalJson({ node_type, version, config, inputs });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The outputs cached under `key`, unless they have expired.
 *
 * ```ts
 * import { computeHash, getCachedResult, MemoryStore } from "flowengine";
 *
 * const key = await computeHash({ node_type: "text.shout", version: 1, config: {}, inputs: { text: "hi" } });
 * console.log(await getCachedResult(new MemoryStore(), key, Date.now()));
 * ```
 */
export async function getCachedResult(store: Store, key: string, now: number): Promise<Values | undefined> {
  return (await store.getCached(key, now))?.outputs;
}

/**
 * Keeps the outputs of a node that succeeded for `ttlSeconds`.
 *
 * ```ts
 * import { cacheResult, computeHash, MemoryStore } from "flowengine";
 *
 * const store = new MemoryStore();
 * const key = await computeHash({ node_type: "text.shout", version: 1, config: {}, inputs: { text: "hi" } });
 * await cacheResult(store, { key, node_type: "text.shout", outputs: { text: "HI" }, ttlSeconds: 60 }, Date.now());
 * ```
 */
export async function cacheResult(
  store: Store,
  entry: { key: string; node_type: string; outputs: Values; ttlSeconds: number },
  now: number,
): Promise<void> {
  const { key, node_type, outputs, ttlSeconds } = entry;
  await store.putCached({ key, node_type, outputs, created_at: now, expires_at: now + ttlSeconds * 1000 });
}

/** The results that nodes with `cache` leave for later executions. */
export class NodeCache {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #secrets: SecretGuard | undefined;

  constructor(store: Store, clock: Clock, secrets?: SecretGuard) {
    this.#store = store;
    this.#clock = clock;
    this.#secrets = secrets;
  }

  computeKey(node: PreparedNode, inputs: Values): Promise<string> {
    const { type, version } = node.definition;
    const parts = { node_type: type, version, config: node.config as Value, inputs };
    return this.#secrets?.isUsedBy(node) ? this.#secrets.computeHash(node, parts) : computeHash(parts);
  }

  get(key: string): Promise<Values | undefined> {
    return getCachedResult(this.#store, key, this.#clock.now());
  }

  async put(key: string, node: PreparedNode, outputs: Values): Promise<void> {
    const ttlSeconds = node.spec.cache?.ttl_seconds ?? 0;
    const entry = { key, node_type: node.spec.node_type, outputs, ttlSeconds };
    await cacheResult(this.#store, entry, this.#clock.now());
  }
}
