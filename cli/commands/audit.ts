import { systemClock } from "../../engine/clock.ts";
import { success } from "../../server/outcome.ts";
import { openSqliteStore } from "../../store/open.ts";
import { openServerTables } from "../../store/server_tables.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { type DatabaseFlags, databasePath, withStore } from "../open_store.ts";
import { formatAge } from "../render/quantities.ts";
import { formatTable } from "../render/table.ts";
import { cleanLine } from "../render/text.ts";

/** Flags of `flow audit`. */
export interface AuditFlags extends CommonFlags, DatabaseFlags {
  readonly limit?: number | undefined;
  readonly json?: boolean | undefined;
}

const DEFAULT_LIMIT = 50;

/** `flow audit`: who changed what through the server, the newest first. */
export async function showAudit(context: CliContext, flags: AuditFlags): Promise<number> {
  const { platform, out, err, outStyle } = context;
  return await withStore(openSqliteStore(databasePath(platform, flags)), async (store) => {
    const entries = await openServerTables(store).audit.list({ limit: flags.limit ?? DEFAULT_LIMIT });
    const now = systemClock.now();
    if (flags.json) {
      out.write(`${JSON.stringify(entries, null, 2)}\n`);
    } else if (entries.length === 0) {
      err.write("Nothing has been changed through the server.\n");
    } else {
      const head = ["WHEN", "WHO", "ROLE", "FROM", "STATUS", "WHAT"].map((text) => ({ text, paint: outStyle.dim }));
      const rows = entries.map(({ at, actor, role, address, status, action }) =>
        [formatAge(at, now), actor, role, address, String(status), action].map((text) => ({ text: cleanLine(text) }))
      );
      out.write(formatTable([head, ...rows]));
    }
    return success.exit_code;
  });
}
