import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ServerFlags } from "../execution_access.ts";
import { findExecution, readRecord } from "../find_execution.ts";
import { openHistory, type StoreFlags } from "../open_store.ts";
import { loadRecordNodes } from "../record_nodes.ts";
import { driveExecution, type WatchFlags } from "../watch.ts";

/** Flags of `flow resume`. */
export interface ResumeFlags extends CommonFlags, ServerFlags, StoreFlags, WatchFlags {
  readonly nodes?: readonly string[] | undefined;
}

/** `flow resume`: goes on with an execution whose process is gone. */
export async function resumeExecution(context: CliContext, flags: ResumeFlags, id: string): Promise<number> {
  const { platform } = context;
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async ({ reader, refresh, openRunner }) => {
    await refresh();
    const { execution_id, last_seq } = await findExecution(reader, id);
    const record = await readRecord(reader, execution_id);
    const registry = await host.openRegistry(await loadRecordNodes(context, record, flags.nodes));
    const runner = await openRunner(registry);
    const { workflow, verbose, workdir } = record;
    if (workdir !== undefined) platform.changeDir(workdir);
    return await driveExecution(context, runner, { ...flags, verbose: flags.verbose ?? verbose }, {
      workflow,
      after: last_seq,
      begin: () => runner.resume(execution_id),
    });
  });
}
