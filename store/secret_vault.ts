/**
 * Secrets in the database, encrypted.
 *
 *   V1. All secrets of a database are encrypted with one key: another one is refused, and adds nothing.
 *   V2. The key is asked for only when there is something to encrypt or to decrypt.
 *   V3. A database without secrets takes any key.
 */
import { FlowError } from "../engine/errors.ts";
import { quote } from "../engine/plain.ts";
import { suggest } from "../engine/suggest.ts";
import type { Connection } from "./connection.ts";
import { randomBytes, type Sealed, SecretCipher } from "./secret_cipher.ts";
import { corruptRow } from "./sqlite_errors.ts";

/** The key of stored secrets. */
export interface VaultKey {
  /** A passphrase, or 256 bits in hexadecimal or Base64. */
  readonly text: string;
  /** Where it is from, for messages, such as `FLOW_SECRET_KEY`. */
  readonly origin: string;
}

/** What may be known of a stored secret. Times are RFC 3339. */
export interface SecretEntry {
  /** What documents call it: `secrets.NAME`. */
  name: string;
  /** When it was set first. */
  created_at: string;
  /** When it was set last. */
  updated_at: string;
  /** When an execution has last asked for it. */
  used_at?: string;
}

/** Answers the key of stored secrets; may make a new one to `write` with. */
export type ReadVaultKey = (purpose: "read" | "write") => Promise<VaultKey>;

type Bytes = Uint8Array<ArrayBuffer>;
type SaltedProof = Sealed & { readonly salt: Bytes };

const SALT_BYTES = 16;
/** No secret can have this name. */
const PROOF_NAME = "";

/**
 * The stored secrets of a database; made by `SqliteStore.openVault`.
 *
 * ```ts
 * import { openSqliteStore } from "flowengine";
 *
 * const store = await openSqliteStore("flow.db");
 * const vault = await store.openVault(() => Promise.reject(new Error("Only names are read here")));
 * console.log((await vault.list()).map(({ name }) => name));
 * await store.close();
 * ```
 */
export class SecretVault {
  readonly #connection: Connection;
  readonly #readKey: ReadVaultKey;

  /** Made by `SqliteStore.openVault`. */
  constructor(connection: Connection, readKey: ReadVaultKey) {
    this.#connection = connection;
    this.#readKey = readKey;
  }

  /**
   * Stores a secret; answers whether it is a new one.
   * @throws {FlowError} `conflict` if the others are encrypted with another key
   */
  async set(name: string, value: string, now: number): Promise<boolean> {
    const key = await this.#readKey("write");
    for (;;) {
      const locked = await this.#lockWith(key, name);
      const isNew = locked && await this.#write(name, await locked.cipher.seal(name, value), locked.salt, now);
      if (isNew !== undefined) return isNew;
    }
  }

  /**
   * Those of `names` that are stored, and remembers that they were used.
   * @throws {FlowError} `conflict` if the key is not the right one
   */
  async read(names: readonly string[], now: number): Promise<Map<string, string>> {
    const { rows, proof } = await this.#find(names);
    const values = new Map<string, string>();
    if (rows.size === 0) return values;
    const key = await this.#readKey("read");
    const cipher = proof && await openProven(key, proof);
    if (cipher === undefined) throw wrongKey([...rows.keys()][0] ?? "", key);
    for (const [name, sealed] of rows) {
      const value = await cipher.open(name, sealed);
      if (value === undefined) throw corruptRow(this.#connection.path, `secret ${quote(name)}`);
      values.set(name, value);
    }
    await this.#markUsed([...rows.keys()], new Date(now).toISOString());
    return values;
  }

  /** All names, sorted. */
  async list(): Promise<SecretEntry[]> {
    return await this.#connection.run("list secrets", () => {
      const rows = this.#connection.statement("SELECT name, created_at, updated_at, used_at FROM secrets ORDER BY name")
        .all() as unknown as (Omit<SecretEntry, "used_at"> & { used_at: string | null })[];
      return rows.map(({ used_at, ...row }) => used_at === null ? { ...row } : { ...row, used_at });
    });
  }

  /** Forgets a secret. @throws {FlowError} `not_found` */
  async delete(name: string): Promise<void> {
    const { changes } = await this.#connection.run(
      "delete a secret",
      () => this.#connection.statement("DELETE FROM secrets WHERE name = ?").run(name),
    );
    if (changes !== 0) return;
    const match = suggest(name, (await this.list()).map((entry) => entry.name));
    throw new FlowError("not_found", `No secret has the name ${quote(name)}`, {
      hint: match === undefined ? 'Run "flow secrets list" to see those that there are.' : `Did you mean "${match}"?`,
    });
  }

  /** Undefined if another process has been faster: what there is now has to be looked at again. */
  async #lockWith(key: VaultKey, name: string): Promise<{ cipher: SecretCipher; salt: Bytes } | undefined> {
    const { proof } = await this.#find([]);
    const cipher = proof && await openProven(key, proof);
    if (proof !== undefined && cipher !== undefined) return { cipher, salt: proof.salt };
    if ((await this.list()).length > 0) throw wrongKey(name, key);
    const salt = randomBytes(SALT_BYTES);
    const fresh = await SecretCipher.open(key.text, salt);
    const isMine = await this.#replaceProof(proof, { salt, ...await fresh.seal(PROOF_NAME, "") });
    return isMine ? { cipher: fresh, salt } : undefined;
  }

  async #replaceProof(known: SaltedProof | undefined, { salt, nonce, data }: SaltedProof): Promise<boolean> {
    return await this.#connection.run("store a secret", () =>
      this.#connection.transaction(() => {
        const isUsed = this.#connection.statement("SELECT 1 FROM secrets").get() !== undefined;
        if (isUsed || !this.#hasSalt(known?.salt)) return false;
        this.#connection.statement("INSERT OR REPLACE INTO secret_key (id, salt, nonce, proof) VALUES (1, ?, ?, ?)")
          .run(salt, nonce, data);
        return true;
      }));
  }

  /** Answers whether it is new; undefined if the key has been replaced meanwhile. */
  async #write(name: string, { nonce, data }: Sealed, salt: Bytes, now: number): Promise<boolean | undefined> {
    const time = new Date(now).toISOString();
    return await this.#connection.run("store a secret", () =>
      this.#connection.transaction(() => {
        if (!this.#hasSalt(salt)) return undefined;
        const isNew = this.#connection.statement("SELECT 1 FROM secrets WHERE name = ?").get(name) === undefined;
        this.#connection.statement(`
          INSERT INTO secrets (name, nonce, data, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (name) DO UPDATE
          SET nonce = excluded.nonce, data = excluded.data, updated_at = excluded.updated_at`)
          .run(name, nonce, data, time, time);
        return isNew;
      }));
  }

  /** Whether the key of the database is still the one with this salt, or that there is none. */
  #hasSalt(salt: Bytes | undefined): boolean {
    const row = this.#connection.statement("SELECT hex(salt) AS salt FROM secret_key").get();
    return row?.salt === (salt && toHex(salt));
  }

  async #find(names: readonly string[]): Promise<{ proof: SaltedProof | undefined; rows: Map<string, Sealed> }> {
    return await this.#connection.run("read secrets", () => {
      const statement = this.#connection.statement("SELECT nonce, data FROM secrets WHERE name = ?");
      const rows = new Map<string, Sealed>();
      for (const name of names) {
        const row = statement.get(name);
        if (row !== undefined) rows.set(name, row as unknown as Sealed);
      }
      const proof = this.#connection.statement("SELECT salt, nonce, proof AS data FROM secret_key").get();
      return { rows, proof: proof as unknown as SaltedProof | undefined };
    });
  }

  async #markUsed(names: readonly string[], time: string): Promise<void> {
    await this.#connection.run("read secrets", () =>
      this.#connection.transaction(() => {
        const statement = this.#connection.statement("UPDATE secrets SET used_at = ? WHERE name = ?");
        for (const name of names) statement.run(time, name);
      }));
  }
}

/** Undefined if it is another key. */
async function openProven(key: VaultKey, proof: SaltedProof): Promise<SecretCipher | undefined> {
  const cipher = await SecretCipher.open(key.text, proof.salt);
  return await cipher.open(PROOF_NAME, proof) === undefined ? undefined : cipher;
}

function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}

function wrongKey(name: string, { origin }: VaultKey): FlowError {
  return new FlowError("conflict", `Cannot open secret ${quote(name)}: ${origin} is not the key it is encrypted with`, {
    hint: `Use the key that the secrets were stored with, or remove them with "flow secrets rm" and store them anew.`,
  });
}
