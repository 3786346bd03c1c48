import { readExecution, toExecutionDocument } from "../../server/execution_document.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { findExecution, readRecord, releaseDeadOwners } from "../find_execution.ts";
import { openRegistry } from "../open_engine.ts";
import { type DatabaseFlags, openHistory, withStore } from "../open_store.ts";
import { formatExecution } from "../render/execution_page.ts";

/** Flags of `flow executions show`. */
export interface ShowFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** `flow executions show`: where an execution stands, node by node, with its inputs and outputs. */
export async function showExecution(context: CliContext, flags: ShowFlags, id: string): Promise<number> {
  const { platform, out, outStyle } = context;
  return await withStore(openHistory(platform, flags), async (store) => {
    await releaseDeadOwners(platform, store);
    const summary = await findExecution(store, id);
    const execution = await readExecution(store, await readRecord(store, summary.execution_id), summary);
    out.write(
      flags.json
        ? `${JSON.stringify(toExecutionDocument(execution), null, 2)}\n`
        : formatExecution(execution, openRegistry(platform), outStyle),
    );
    return success.exit_code;
  });
}
