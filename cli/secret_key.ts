import { FlowError } from "../engine/errors.ts";
import type { Platform } from "../platform/types.ts";
import { encodeBase64 } from "../engine/base64.ts";
import { randomBytes, readKey } from "../store/secret_cipher.ts";
import type { VaultKey } from "../store/secret_vault.ts";

const SHORTEST_PASSPHRASE = 12;
const MAX_KEY_BYTES = 4096;

/** The file that holds the key of a database's secrets, unless `FLOW_SECRET_KEY` does. */
export function keyFileOf(database: string): string {
  return `${database}.key`;
}

/**
 * The key of a database's secrets: that of `FLOW_SECRET_KEY`, else the one in the file beside the database, which is made
 * if there is something to `write`.
 *
 * @throws {FlowError} `not_found`, `invalid_argument` or `unavailable` if it cannot be had or trusted
 */
export async function readSecretKey(
  platform: Platform,
  database: string,
  purpose: "read" | "write",
): Promise<VaultKey> {
  const given = platform.env("FLOW_SECRET_KEY");
  if (given !== undefined && given !== "") return checkPassphrase(given);
  const path = keyFileOf(database);
  const stat = await platform.stat(path);
  if (stat !== undefined) return await readKeyFile(platform, path, stat.mode);
  if (purpose === "read") throw keyMissing(path);
  try {
    const text = encodeBase64(randomBytes(32));
    await platform.writeFile(path, `${text}\n`, { createNew: true, mode: 0o600 });
    return { text, origin: nameFile(path) };
  } catch (error) {
    // Another process has been faster.
    if (error instanceof FlowError && error.code === "conflict") return await readSecretKey(platform, database, "read");
    throw error;
  }
}

function checkPassphrase(text: string): VaultKey {
  if (text.length >= SHORTEST_PASSPHRASE) return { text, origin: "FLOW_SECRET_KEY" };
  throw new FlowError(
    "invalid_argument",
    `Cannot use FLOW_SECRET_KEY: it has fewer than ${SHORTEST_PASSPHRASE} characters`,
    {
      hint: 'Make one with "openssl rand -base64 32".',
    },
  );
}

async function readKeyFile(platform: Platform, path: string, mode: number | undefined): Promise<VaultKey> {
  if (mode !== undefined && (mode & 0o077) !== 0) {
    throw new FlowError("invalid_argument", `Cannot use ${nameFile(path)}: others may read it`, {
      hint: `Run "chmod 600 ${path}", and store secrets anew if somebody may have read it.`,
    });
  }
  const text = new TextDecoder().decode(await platform.readFile(path, MAX_KEY_BYTES)).trim();
  if (readKey(text) !== undefined) return { text, origin: nameFile(path) };
  throw new FlowError("invalid_argument", `Cannot use ${nameFile(path)}: it holds no key of 256 bits`, {
    hint: "Restore the file, or remove it together with the stored secrets.",
  });
}

function keyMissing(path: string): FlowError {
  return new FlowError(
    "not_found",
    `Cannot open stored secrets: there is neither FLOW_SECRET_KEY nor ${nameFile(path)}`,
    {
      hint: 'Restore the key file, or remove the secrets with "flow secrets rm" and store them anew.',
    },
  );
}

function nameFile(path: string): string {
  return `key file "${path}"`;
}
