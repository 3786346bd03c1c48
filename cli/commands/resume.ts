import type { CliContext, CommonFlags } from "../context.ts";
import { findExecution, readRecord, releaseDeadOwners } from "../find_execution.ts";
import { openEngine, openRegistry } from "../open_engine.ts";
import { openHistory, type StoreFlags, withStore } from "../open_store.ts";
import { loadRecordNodes } from "../record_nodes.ts";
import { driveExecution, type WatchFlags } from "../watch.ts";

/** Flags of `flow resume`. */
export interface ResumeFlags extends CommonFlags, StoreFlags, WatchFlags {
  readonly nodes?: readonly string[] | undefined;
}

/** `flow resume`: goes on with an execution whose process is gone. */
export async function resumeExecution(context: CliContext, flags: ResumeFlags, id: string): Promise<number> {
  const { platform } = context;
  return await withStore(openHistory(platform, flags), async (store) => {
    await releaseDeadOwners(platform, store);
    const { execution_id, last_seq } = await findExecution(store, id);
    const record = await readRecord(store, execution_id);
    const registry = openRegistry(platform, await loadRecordNodes(context, record, flags.nodes));
    const engine = openEngine(platform, registry, store, flags);
    const { workflow, verbose, workdir } = record;
    if (workdir !== undefined) platform.changeDir(workdir);
    return await driveExecution(context, engine, { ...flags, verbose: flags.verbose ?? verbose }, {
      workflow,
      after: last_seq,
      begin: () => engine.resume(execution_id),
    });
  });
}
