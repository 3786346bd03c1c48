import { systemClock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionSummary, Store } from "../../engine/store.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { findExecution, readRecord, releaseDeadOwners } from "../find_execution.ts";
import { openEngine, openRegistry } from "../open_engine.ts";
import { type DatabaseFlags, openHistory, withStore } from "../open_store.ts";
import { loadRecordNodes } from "../record_nodes.ts";

/** Flags of `flow executions cancel`. */
export interface CancelFlags extends CommonFlags, DatabaseFlags {
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
  const { platform, err } = context;
  return await withStore(openHistory(platform, flags), async (store) => {
    await releaseDeadOwners(platform, store);
    const { execution_id } = await findExecution(store, id);
    await store.requestCancel(execution_id, flags.reason ?? "Cancelled");
    let summary = await waitForEnd(context, store, execution_id);
    if (summary.status === "interrupted") {
      const record = await readRecord(store, execution_id);
      const registry = openRegistry(platform, await loadRecordNodes(context, record, flags.nodes));
      await closeInterrupted(openEngine(platform, registry, store), execution_id);
      summary = await findExecution(store, execution_id);
    }
    if (summary.status !== "cancelled") throw endedOtherwise(summary);
    err.write(`Execution ${execution_id} is cancelled.\n`);
    return success.exit_code;
  });
}

/** Resolves when nobody drives the execution any more. */
async function waitForEnd({ platform }: CliContext, store: Store, executionId: string): Promise<ExecutionSummary> {
  for (;;) {
    await releaseDeadOwners(platform, store);
    const summary = await findExecution(store, executionId);
    if (summary.status !== "running") return summary;
    await new Promise<void>((resolve) => systemClock.setTimer(POLL_MS, resolve));
  }
}

/** With the request in the store, resuming does nothing but end it. */
async function closeInterrupted(engine: Engine, executionId: string): Promise<void> {
  const handle = await engine.resume(executionId);
  await handle.result;
}

function endedOtherwise({ execution_id, status }: ExecutionSummary): FlowError {
  return new FlowError("conflict", `Cannot cancel execution "${execution_id}": it has ended by itself (${status})`);
}
