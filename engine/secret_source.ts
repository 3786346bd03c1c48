import type { Awaitable } from "./store.ts";

/** Where secrets come from. */
export interface SecretSource {
  /**
   * The values of those of `names` that it knows. Asked once before each start, resume and rerun of a workflow that uses
   * secrets; what it answers is kept in memory until the execution ends, and nowhere else.
   */
  read(names: readonly string[]): Awaitable<ReadonlyMap<string, string>>;
}

/** Environment variables with this in front hold secrets. */
export const SECRET_PREFIX = "FLOW_SECRET_";

/** The key of stored secrets has the name that a secret of this name would have. */
const RESERVED_NAME = "KEY";

const LONGEST_NAME = 128;

/** Why no secret can have this name; undefined if one can. */
export function findNameProblem(name: string): string | undefined {
  if (name === RESERVED_NAME) return `${SECRET_PREFIX}${RESERVED_NAME} is the key of stored secrets`;
  if (name.length > LONGEST_NAME) return `it has more than ${LONGEST_NAME} characters`;
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? undefined : "it has other characters than letters, digits and _";
}

/**
 * The secrets in the variables `FLOW_SECRET_NAME`; one that is empty counts as not set.
 *
 * ```ts
 * import { env } from "node:process";
 * import { createEngine, environmentSecrets } from "flowengine";
 *
 * const engine = createEngine({ secrets: environmentSecrets((name) => env[name]) });
 * await engine.close();
 * ```
 */
export function environmentSecrets(env: (name: string) => string | undefined): SecretSource {
  return {
    read(names) {
      const known = new Map<string, string>();
      for (const name of names) {
        const value = env(SECRET_PREFIX + name);
        if (value !== undefined && value !== "") known.set(name, value);
      }
      return known;
    },
  };
}

/**
 * Asks each of `sources` for what those before it do not know.
 *
 * ```ts
 * import { joinSecretSources, type SecretSource } from "flowengine";
 *
 * const mine: SecretSource = { read: (names) => new Map(names.map((name) => [name, "correct-horse-battery"])) };
 * const none: SecretSource = { read: () => new Map() };
 * console.log(await joinSecretSources(none, mine).read(["TOKEN"]));
 * ```
 */
export function joinSecretSources(...sources: readonly SecretSource[]): SecretSource {
  return {
    async read(names) {
      const known = new Map<string, string>();
      for (const source of sources) {
        const missing = names.filter((name) => !known.has(name));
        if (missing.length === 0) break;
        for (const [name, value] of await source.read(missing)) known.set(name, value);
      }
      return known;
    },
  };
}
