import { systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { quote } from "../../engine/plain.ts";
import { findNameProblem } from "../../engine/secret_source.ts";
import { checkSecret } from "../../engine/secrets.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { type DatabaseFlags, databasePath } from "../open_store.ts";
import { formatAge } from "../render/quantities.ts";
import { formatTable } from "../render/table.ts";
import { formatNote } from "../report_error.ts";
import { keyFileOf } from "../secret_key.ts";
import { withVault } from "../secret_sources.ts";

/** Flags of `flow secrets set`. */
export interface SecretSetFlags extends CommonFlags, DatabaseFlags {
  /** A file, or `-` for stdin. */
  readonly valueFile?: string | undefined;
}

/** Flags of `flow secrets list`. */
export interface SecretListFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** Flags of `flow secrets rm`. */
export interface SecretRemoveFlags extends CommonFlags, DatabaseFlags {}

const MAX_VALUE_BYTES = 1024 * 1024;

/** `flow secrets set`: stores a secret, whose value never stands in the command line, which others can read. */
export async function setSecret(context: CliContext, flags: SecretSetFlags, name: string): Promise<number> {
  const { platform, err, errStyle } = context;
  checkName(name);
  const value = checkSecret(name, await readValue(context, flags, name));
  const path = filePath(context, flags);
  const keyFile = keyFileOf(path);
  const hadKeyFile = await platform.stat(keyFile) !== undefined;
  const isNew = await withVault(platform, path, (vault) => vault.set(name, value, systemClock.now()));
  err.write(`${isNew ? "Stored" : "Changed"} secret ${quote(name)}\n`);
  if (!hadKeyFile && await platform.stat(keyFile) !== undefined) {
    err.write(formatNote({
      message: `The key of stored secrets is in "${keyFile}"`,
      hint: "Keep a copy of it in a safe place, apart from copies of the database.",
    }, errStyle));
  }
  return success.exit_code;
}

/** `flow secrets list`: the names of stored secrets, never their values. */
export async function listSecrets(context: CliContext, flags: SecretListFlags): Promise<number> {
  const { platform, out, err, outStyle } = context;
  const path = filePath(context, flags);
  const isThere = await platform.stat(path) !== undefined;
  const entries = isThere ? await withVault(platform, path, (vault) => vault.list()) : [];
  if (flags.json) {
    out.write(`${JSON.stringify(entries, null, 2)}\n`);
  } else if (entries.length === 0) {
    err.write("There are no stored secrets.\n");
  } else {
    const now = systemClock.now();
    const head = ["NAME", "CREATED", "CHANGED", "USED"].map((text) => ({ text, paint: outStyle.dim }));
    const rows = entries.map(({ name, created_at, updated_at, used_at }) => [
      { text: name },
      { text: formatAge(created_at, now) },
      { text: formatAge(updated_at, now) },
      { text: used_at === undefined ? "never" : formatAge(used_at, now) },
    ]);
    out.write(formatTable([head, ...rows]));
  }
  return success.exit_code;
}

/** `flow secrets rm`: forgets stored secrets. */
export async function removeSecrets(
  context: CliContext,
  flags: SecretRemoveFlags,
  ...names: string[]
): Promise<number> {
  const { platform, err } = context;
  const path = filePath(context, flags);
  if (await platform.stat(path) === undefined) {
    throw new FlowError("not_found", `Cannot open database "${path}": there is no such file`, {
      hint: "Check --db and FLOW_DB for typing errors.",
    });
  }
  await withVault(platform, path, async (vault) => {
    for (const name of names) {
      await vault.delete(name);
      err.write(`Removed secret ${quote(name)}\n`);
    }
  });
  return success.exit_code;
}

function checkName(name: string): void {
  const state = findNameProblem(name);
  if (state === undefined) return;
  throw new FlowError("invalid_argument", `No secret can have the name ${quote(name)}: ${state}`, {
    hint: name.includes("=")
      ? "Give only the name: the value is asked for, or read from stdin."
      : "Choose another name, such as API_TOKEN.",
  });
}

async function readValue(context: CliContext, { valueFile }: SecretSetFlags, name: string): Promise<string> {
  const { platform } = context;
  if (valueFile === undefined && platform.isTerminal("stdin")) return await ask(context, name);
  const isStdin = valueFile === undefined || valueFile === "-";
  const bytes = isStdin
    ? await platform.readStdin(MAX_VALUE_BYTES)
    : await platform.readFile(valueFile, MAX_VALUE_BYTES);
  try {
    // Editors and echo end every text with a line break.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch (cause) {
    throw new FlowError("invalid_argument", `Cannot use the value of ${quote(name)}: it is not a text in UTF-8`, {
      hint: "Encode it, for example with base64.",
      cause,
    });
  }
}

async function ask({ platform, err }: CliContext, name: string): Promise<string> {
  await err.flush();
  const value = await platform.readHiddenLine(`Value of ${name} (it is not shown): `);
  err.write("\n");
  if (value === undefined) throw new FlowError("cancelled", "Nothing was stored");
  return value;
}

function filePath({ platform }: CliContext, flags: DatabaseFlags): string {
  const path = databasePath(platform, flags);
  if (path !== ":memory:") return path;
  throw new FlowError("invalid_argument", "Cannot keep secrets in the database :memory:", { hint: "Name a file." });
}
