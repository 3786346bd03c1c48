import { readExecution, toExecutionDocument } from "../../server/execution_document.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ServerFlags } from "../execution_access.ts";
import { findExecution, readRecord } from "../find_execution.ts";
import { type DatabaseFlags, openHistory } from "../open_store.ts";
import { formatExecution } from "../render/execution_page.ts";

/** Flags of `flow executions show`. */
export interface ShowFlags extends CommonFlags, ServerFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** `flow executions show`: where an execution stands, node by node, with its inputs and outputs. */
export async function showExecution(context: CliContext, flags: ShowFlags, id: string): Promise<number> {
  const { out, outStyle } = context;
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async ({ reader, refresh }) => {
    await refresh();
    const summary = await findExecution(reader, id);
    const execution = await readExecution(reader, await readRecord(reader, summary.execution_id), summary);
    out.write(
      flags.json
        ? `${JSON.stringify(toExecutionDocument(execution), null, 2)}\n`
        : formatExecution(execution, await host.openRegistry([]), outStyle),
    );
    return success.exit_code;
  });
}
