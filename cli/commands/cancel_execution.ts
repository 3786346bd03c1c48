import { systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionSummary } from "../../engine/store.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ExecutionAccess, type ServerFlags } from "../execution_access.ts";
import { findExecution, readRecord } from "../find_execution.ts";
import { type DatabaseFlags, openHistory } from "../open_store.ts";
import { loadRecordNodes } from "../record_nodes.ts";

/** Flags of `flow executions cancel`. */
export interface CancelFlags extends CommonFlags, ServerFlags, DatabaseFlags {
  readonly reason?: string | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** How often to look whether it has ended. */
const POLL_MS = 100;

/**
 * `flow executions cancel`: asks the process that drives an execution to cancel it and waits until it has; of one that
 * nobody drives it ends what may be left running, and closes it itself.
 */
export async function cancelExecution(context: CliContext, flags: CancelFlags, id: string): Promise<number> {
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async (access) => {
    const { reader } = access;
    await access.refresh();
    const { execution_id } = await findExecution(reader, id);
    await access.requestCancel(execution_id, flags.reason ?? "Cancelled");
    let summary = await waitForEnd(access, execution_id);
    if (summary.status === "interrupted") {
      const record = await readRecord(reader, execution_id);
      const registry = await host.openRegistry(await loadRecordNodes(context, record, flags.nodes));
      await (await access.openRunner(registry)).closeInterrupted(execution_id);
      summary = await findExecution(reader, execution_id);
    }
    if (summary.status !== "cancelled") throw endedOtherwise(summary);
    context.err.write(`Execution ${execution_id} is cancelled.\n`);
    return success.exit_code;
  });
}

/** Resolves when nobody drives the execution any more. */
async function waitForEnd({ reader, refresh }: ExecutionAccess, executionId: string): Promise<ExecutionSummary> {
  for (;;) {
    await refresh();
    const summary = await findExecution(reader, executionId);
    if (summary.status !== "running") return summary;
    await new Promise<void>((resolve) => systemClock.setTimer(POLL_MS, resolve));
  }
}

function endedOtherwise({ execution_id, status }: ExecutionSummary): FlowError {
  return new FlowError("conflict", `Cannot cancel execution "${execution_id}": it has ended by itself (${status})`);
}
