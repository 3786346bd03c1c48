import { systemClock } from "../../engine/clock.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { formatDuration } from "../duration.ts";
import { type DatabaseFlags, openHistory, withStore } from "../open_store.ts";
import { formatAge } from "../render/quantities.ts";
import { formatTable } from "../render/table.ts";

/** Flags of `flow cache list`. */
export interface CacheListFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** Flags of `flow cache clear`. */
export interface CacheClearFlags extends CommonFlags, DatabaseFlags {
  /** A node type. */
  readonly type?: string | undefined;
}

/** `flow cache list`: the results that nodes with `cache` may take. */
export async function listCache({ platform, out, err, outStyle }: CliContext, flags: CacheListFlags): Promise<number> {
  const now = systemClock.now();
  const entries = await withStore(openHistory(platform, flags), async (store) => await store.listCached(now));
  if (flags.json) {
    out.write(`${JSON.stringify(entries, null, 2)}\n`);
  } else if (entries.length === 0) {
    err.write("The cache is empty.\n");
  } else {
    const head = ["KEY", "NODE TYPE", "FROM", "EXPIRES"].map((text) => ({ text, paint: outStyle.dim }));
    const rows = entries.map(({ key, node_type, created_at, expires_at }) => [
      { text: key.slice(0, 12) },
      { text: node_type },
      { text: formatAge(new Date(created_at).toISOString(), now) },
      { text: `in ${formatDuration(expires_at - now)}` },
    ]);
    out.write(formatTable([head, ...rows]));
  }
  return success.exit_code;
}

/** `flow cache clear`: forgets the results of one node type, or all. */
export async function clearCache({ platform, out }: CliContext, flags: CacheClearFlags): Promise<number> {
  const count = await withStore(openHistory(platform, flags), async (store) => await store.clearCache(flags.type));
  out.write(`Removed ${count === 1 ? "1 result" : `${count} results`}\n`);
  return success.exit_code;
}
