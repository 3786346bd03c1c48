import { FlowError } from "../engine/errors.ts";
import { environmentSecrets, joinSecretSources, SECRET_PREFIX, type SecretSource } from "../engine/secret_source.ts";
import type { Store } from "../engine/store.ts";
import type { Platform } from "../platform/types.ts";

/** Where secrets come from, besides the environment. */
export interface SecretFlags {
  /** A dotenv file; default: `FLOW_SECRETS_FILE`. */
  readonly secretsFile?: string | undefined;
}

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Secrets as commands find them: in the environment, else in a dotenv file. `folder` is where a relative path of the file
 * begins.
 */
export function openSecrets(platform: Platform, _store: Store, flags: SecretFlags, folder: string): SecretSource {
  const sources = [environmentSecrets((name) => platform.env(name))];
  const named = flags.secretsFile ?? platform.env("FLOW_SECRETS_FILE");
  if (named !== undefined && named !== "") sources.push(secretsFile(platform, named, folder));
  return joinSecretSources(...sources);
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
  const isAbsolute = /^([A-Za-z]:)?[\\/]/.test(name);
  const bytes = await platform.readFile(isAbsolute ? name : `${folder}/${name}`, MAX_FILE_BYTES);
  const { parseEnv } = await import("node:util");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return new Map(Object.entries(parseEnv(text) as Record<string, string>));
  } catch (cause) {
    throw new FlowError("invalid_argument", `Cannot read secrets from "${name}": it is not a text in UTF-8`, {
      hint: "Write one NAME=value per line into it.",
      cause,
    });
  }
}
