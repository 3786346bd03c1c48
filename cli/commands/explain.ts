import { explainExecution } from "../../engine/explain.ts";
import { readAllEvents } from "../../engine/store.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { findExecution, readRecord, releaseDeadOwners } from "../find_execution.ts";
import { type DatabaseFlags, openHistory, withStore } from "../open_store.ts";
import { formatExplanation } from "../render/explanation.ts";

/** Flags of `flow explain`. */
export interface ExplainFlags extends CommonFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** `flow explain`: why an execution went as it did, and where its time went. */
export async function explain(context: CliContext, flags: ExplainFlags, id: string): Promise<number> {
  const { platform, out, outStyle } = context;
  return await withStore(openHistory(platform, flags), async (store) => {
    await releaseDeadOwners(platform, store);
    const { execution_id, status } = await findExecution(store, id);
    const record = await readRecord(store, execution_id);
    const events = readAllEvents(store, execution_id, { kind: "state" });
    const explanation = await explainExecution(record, events, { isDriven: status === "running" });
    out.write(
      flags.json
        ? `${JSON.stringify(explanation, null, 2)}\n`
        : formatExplanation(explanation, record.workflow, outStyle),
    );
    return success.exit_code;
  });
}
