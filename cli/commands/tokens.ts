import { systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { success } from "../../server/outcome.ts";
import { openSqliteStore } from "../../store/open.ts";
import { openServerTables, type ServerTables } from "../../store/server_tables.ts";
import type { Token } from "../../store/tokens.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { type DatabaseFlags, databasePath, withStore } from "../open_store.ts";
import { formatAge } from "../render/quantities.ts";
import { formatTable } from "../render/table.ts";
import { cleanLine } from "../render/text.ts";

/** Flags of `flow tokens create`. */
export interface CreateTokenFlags extends CommonFlags, DatabaseFlags {
  readonly role: Token["role"];
  readonly name?: string | undefined;
  /** Milliseconds. */
  readonly expires?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Flags of `flow tokens list`. */
export interface ListTokensFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** Flags of `flow tokens revoke`. */
export interface RevokeTokenFlags extends CommonFlags, DatabaseFlags {}

/** `flow tokens create`: prints a new token, which nobody can look up later. */
export async function createToken(context: CliContext, flags: CreateTokenFlags): Promise<number> {
  const { out, err } = context;
  return await withTables(context, flags, async ({ tokens }) => {
    const now = systemClock.now();
    const expires_at = flags.expires === undefined ? undefined : now + flags.expires;
    const { token, id } = await tokens.create({ name: flags.name ?? flags.role, role: flags.role, expires_at }, now);
    out.write(flags.json ? `${JSON.stringify({ token, id, role: flags.role })}\n` : `${token}\n`);
    if (!flags.json) err.write(`Keep it: it is shown only now. "flow tokens revoke ${id}" makes it worthless.\n`);
    return success.exit_code;
  });
}

/** `flow tokens list`: all tokens, but for their secrets. */
export async function listTokens(context: CliContext, flags: ListTokensFlags): Promise<number> {
  const { out, err } = context;
  return await withTables(context, flags, async ({ tokens }) => {
    const now = systemClock.now();
    const found = await tokens.list();
    if (flags.json) out.write(`${JSON.stringify(found.map(toDocument), null, 2)}\n`);
    else if (found.length === 0) err.write("There are no tokens.\n");
    else out.write(formatTokens(context, found, now));
    return success.exit_code;
  });
}

/** `flow tokens revoke`: from now on a token is worthless, also on servers that run. */
export async function revokeToken(context: CliContext, flags: RevokeTokenFlags, id: string): Promise<number> {
  return await withTables(context, flags, async ({ tokens }) => {
    const known = id.replace(/^flow_/, "").replace(/_.*$/, "");
    if (await tokens.revoke(known, systemClock.now())) {
      context.err.write(`Token ${known} is revoked.\n`);
      return success.exit_code;
    }
    throw new FlowError("not_found", `Cannot revoke token "${known}": there is no valid one with this id`, {
      hint: 'Run "flow tokens list" to see them.',
    });
  });
}

async function withTables(
  { platform }: CliContext,
  flags: DatabaseFlags,
  work: (tables: ServerTables) => Promise<number>,
): Promise<number> {
  return await withStore(openSqliteStore(databasePath(platform, flags)), (store) => work(openServerTables(store)));
}

function formatTokens({ outStyle }: CliContext, tokens: readonly Token[], now: number): string {
  const age = (ms: number) => formatAge(new Date(ms).toISOString(), now);
  const head = ["ID", "ROLE", "STATE", "CREATED", "LAST USED", "NAME"].map((text) => ({ text, paint: outStyle.dim }));
  const rows = tokens.map((token) => [
    { text: token.id },
    { text: token.role },
    { text: stateOf(token, now) },
    { text: age(token.created_at) },
    { text: token.last_used_at === null ? "never" : age(token.last_used_at) },
    { text: cleanLine(token.name) },
  ]);
  return formatTable([head, ...rows]);
}

function stateOf({ revoked_at, expires_at }: Token, now: number): string {
  if (revoked_at !== null) return "revoked";
  if (expires_at === null) return "valid";
  return expires_at <= now ? "expired" : `until ${new Date(expires_at).toISOString().slice(0, 16).replace("T", " ")}`;
}

/** Times as everywhere else on the wire. */
function toDocument({ created_at, expires_at, last_used_at, revoked_at, ...token }: Token) {
  const toText = (ms: number | null) => ms === null ? null : new Date(ms).toISOString();
  return {
    ...token,
    created_at: toText(created_at),
    expires_at: toText(expires_at),
    last_used_at: toText(last_used_at),
    revoked_at: toText(revoked_at),
  };
}
