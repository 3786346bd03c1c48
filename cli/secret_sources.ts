import { FlowError } from "../engine/errors.ts";
import { environmentSecrets, joinSecretSources, SECRET_PREFIX, type SecretSource } from "../engine/secret_source.ts";
import { systemClock } from "../engine/clock.ts";
import type { Platform } from "../platform/types.ts";
import type { SecretVault } from "../store/secret_vault.ts";
import { databasePath } from "./open_store.ts";

/** Where secrets come from, besides the environment. */
export interface SecretFlags {
  /** A dotenv file; default: `FLOW_SECRETS_FILE`. */
  readonly secretsFile?: string | undefined;
  /** The database that holds stored secrets; default: as for the history. */
  readonly db?: string | undefined;
}

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Secrets as commands find them: in the environment, else in a dotenv file, else in the database. `folder` is where
 * relative paths begin.
 */
export function openSecrets(platform: Platform, flags: SecretFlags, folder: string): SecretSource {
  const sources = [environmentSecrets((name) => platform.env(name))];
  const named = flags.secretsFile ?? platform.env("FLOW_SECRETS_FILE");
  if (named !== undefined && named !== "") sources.push(secretsFile(platform, named, folder));
  sources.push(storedSecrets(platform, flags, folder));
  return joinSecretSources(...sources);
}

/** What `flow secrets set` has stored, also if the history of this execution is kept elsewhere or not at all. */
function storedSecrets(platform: Platform, flags: SecretFlags, folder: string): SecretSource {
  return {
    async read(names) {
      const path = toAbsolute(databasePath(platform, flags), folder);
      if (path === undefined || await platform.stat(path) === undefined) return new Map();
      return await withVault(platform, path, (vault) => vault.read(names, systemClock.now()));
    },
  };
}

/** Calls `work` with the stored secrets of a database, which is closed afterwards in any case. */
export async function withVault<T>(
  platform: Platform,
  path: string,
  work: (vault: SecretVault) => Promise<T>,
): Promise<T> {
  const { openSqliteStore } = await import("../store/open.ts");
  // A secret cannot be made again from anything: it has to survive power loss.
  const store = await openSqliteStore(path, { durability: "full" });
  try {
    const { readSecretKey } = await import("./secret_key.ts");
    return await work(await store.openVault((purpose) => readSecretKey(platform, path, purpose)));
  } finally {
    await store.close();
  }
}

/** Undefined for the database that is no file. */
function toAbsolute(path: string, folder: string): string | undefined {
  if (path === ":memory:") return undefined;
  return /^([A-Za-z]:)?[\\/]/.test(path) ? path : `${folder}/${path}`;
}

/** The variables of a dotenv file, named `NAME` or, as in the environment, `FLOW_SECRET_NAME`. */
function secretsFile(platform: Platform, name: string, folder: string): SecretSource {
  return {
    async read(names) {
      const variables = await readVariables(platform, name, folder);
      return await environmentSecrets((variable) =>
        variables.get(variable) || variables.get(variable.slice(SECRET_PREFIX.length))
      ).read(names);
    },
  };
}

/** @throws {FlowError} `not_found`, `invalid_argument`, `unavailable` */
async function readVariables(platform: Platform, name: string, folder: string): Promise<Map<string, string>> {
  const bytes = await platform.readFile(toAbsolute(name, folder) ?? name, MAX_FILE_BYTES);
  const { parseEnv } = await import("node:util");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FlowError("invalid_argument", `Cannot read secrets from "${name}": it is not a text in UTF-8`, {
      hint: "Write one NAME=value per line into it.",
      cause,
    });
  }
  const variables = new Map(Object.entries(parseEnv(text) as Record<string, string>));
  for (const [variable, value] of variables) if (hasOpenQuote(value)) throw openQuote(name, variable);
  return variables;
}

/** Such a value is taken as it stands, with its quote, and with less than what was meant. */
function hasOpenQuote(value: string): boolean {
  const [quote = ""] = value;
  return ['"', "'", "`"].includes(quote) && !value.slice(1).includes(quote);
}

function openQuote(file: string, variable: string): FlowError {
  const problem = `the value of ${variable} begins with a quote that nothing closes`;
  return new FlowError("invalid_argument", `Cannot read secrets from "${file}": ${problem}`, {
    hint: "Close the quote, or put the whole value into quotes of another kind.",
  });
}
