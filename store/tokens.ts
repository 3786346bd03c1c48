import { sha256 } from "../engine/sha256.ts";
import type { Awaitable } from "../engine/store.ts";
import type { Connection } from "./connection.ts";

/** An API token, but for its secret, which nobody knows but its owner. */
export interface Token {
  /** The part of the token that is no secret: `flow_<id>_<secret>`. */
  id: string;
  name: string;
  role: "viewer" | "operator" | "admin";
  /** Epoch milliseconds, like all times here. */
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

/** What a token is to be. */
export interface TokenRequest {
  name: string;
  role: Token["role"];
  expires_at?: number | undefined;
}

type TokenRow = Token & { hash: string };

/** How exact `last_used_at` is: a write for every request would be too many. */
const LAST_USED_MS = 60_000;

/** API tokens; only their hashes are kept. */
export class TokenTable {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Answers the token itself too, for the only time. */
  async create({ name, role, expires_at }: TokenRequest, now: number): Promise<{ token: string; id: string }> {
    const id = randomText(6);
    const token = `flow_${id}_${randomText(32)}`;
    const hash = await sha256(token);
    await this.#connection.run("create a token", () => {
      this.#connection.statement(`
        INSERT INTO tokens (id, hash, name, role, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`)
        .run(id, hash, name, role, now, expires_at ?? null);
    });
    return { token, id };
  }

  /** The token with this id, with its hash. */
  find(id: string): Awaitable<TokenRow | undefined> {
    return this.#connection.run("read a token", () => {
      const row = this.#connection.statement("SELECT * FROM tokens WHERE id = ?").get(id);
      return row as unknown as TokenRow | undefined;
    });
  }

  /** All, also those that are revoked or expired; the newest first. */
  list(): Awaitable<Token[]> {
    return this.#connection.run("list tokens", () => {
      const rows = this.#connection.statement("SELECT * FROM tokens ORDER BY created_at DESC, id").all();
      return (rows as unknown as TokenRow[]).map(({ hash: _, ...token }) => ({ ...token }));
    });
  }

  /** Whether there is any, valid or not. */
  hasAny(): Awaitable<boolean> {
    return this.#connection.run("read tokens", () => {
      return this.#connection.statement("SELECT 1 FROM tokens LIMIT 1").get() !== undefined;
    });
  }

  /** False if there is none with this id that is not revoked. */
  revoke(id: string, now: number): Awaitable<boolean> {
    return this.#connection.run("revoke a token", () => {
      const statement = this.#connection.statement(
        "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
      );
      return statement.run(now, id).changes !== 0;
    });
  }

  /** Remembers that a token was used; to the minute. */
  touch({ id, last_used_at }: Pick<Token, "id" | "last_used_at">, now: number): Awaitable<void> {
    if (last_used_at !== null && now - last_used_at < LAST_USED_MS) return;
    return this.#connection.run("note the use of a token", () => {
      this.#connection.statement("UPDATE tokens SET last_used_at = ? WHERE id = ?").run(now, id);
    });
  }
}

/** So many random bytes, in letters and digits that no shell and no URL has to quote. */
function randomText(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
