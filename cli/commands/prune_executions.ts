import { systemClock } from "../../engine/clock.ts";
import type { PruneRule, Store } from "../../engine/store.ts";
import { checkPruneRule } from "../../engine/store_errors.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { type DatabaseFlags, databasePath, openHistory, withStore } from "../open_store.ts";
import { formatBytes } from "../render/quantities.ts";

/** Flags of `flow executions prune`. */
export interface PruneFlags extends CommonFlags, DatabaseFlags {
  /** Milliseconds. */
  readonly olderThan?: number | undefined;
  readonly keep?: number | undefined;
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `flow executions prune`: deletes old executions and gives their space back. */
export async function pruneExecutions(context: CliContext, flags: PruneFlags): Promise<number> {
  const { platform, out } = context;
  const path = databasePath(platform, flags);
  const rule = ruleOf(flags);
  checkPruneRule(rule);
  const before = await sizeOf(context, path);
  const count = await withStore(
    openHistory(platform, flags),
    async (store) => flags.dryRun ? await countCondemned(store, rule) : await store.prune(rule),
  );
  const bytes = Math.max(0, before - await sizeOf(context, path));
  const executions = count === 1 ? "1 execution" : `${count} executions`;
  if (flags.json) out.write(`${JSON.stringify({ executions: count, bytes, dry_run: flags.dryRun ?? false })}\n`);
  else if (flags.dryRun) out.write(`Would delete ${executions}\n`);
  else out.write(`Deleted ${executions}, gave ${formatBytes(bytes)} back\n`);
  return success.exit_code;
}

function ruleOf({ olderThan, keep }: PruneFlags): PruneRule {
  return {
    ...(olderThan === undefined ? {} : { before: new Date(systemClock.now() - olderThan).toISOString() }),
    ...(keep === undefined ? {} : { keep }),
  };
}

/** How many executions the rule would delete now. */
async function countCondemned(store: Store, { before, keep = 0 }: PruneRule): Promise<number> {
  const all = await store.listExecutions({ limit: Number.MAX_SAFE_INTEGER }, systemClock.now());
  const ended = all.flatMap(({ ended_at }) => ended_at === undefined ? [] : [ended_at]).sort().reverse();
  return ended.slice(keep).filter((time) => before === undefined || time < before).length;
}

async function sizeOf({ platform }: CliContext, path: string): Promise<number> {
  const files = await Promise.all([path, `${path}-wal`].map((file) => platform.stat(file)));
  return files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
}
