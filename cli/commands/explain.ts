import { explainExecution } from "../../engine/explain.ts";
import { readAllEvents } from "../../engine/store.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ServerFlags } from "../execution_access.ts";
import { findExecution, readRecord } from "../find_execution.ts";
import { type DatabaseFlags, openHistory } from "../open_store.ts";
import { formatExplanation } from "../render/explanation.ts";

/** Flags of `flow explain`. */
export interface ExplainFlags extends CommonFlags, ServerFlags, DatabaseFlags {
  readonly json?: boolean | undefined;
}

/** `flow explain`: why an execution went as it did, and where its time went. */
export async function explain(context: CliContext, flags: ExplainFlags, id: string): Promise<number> {
  const { out, outStyle } = context;
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async ({ reader, refresh }) => {
    await refresh();
    const { execution_id, status } = await findExecution(reader, id);
    const record = await readRecord(reader, execution_id);
    const events = readAllEvents(reader, execution_id, { kind: "state" });
    const explanation = await explainExecution(record, events, { isDriven: status === "running" });
    out.write(
      flags.json
        ? `${JSON.stringify(explanation, null, 2)}\n`
        : formatExplanation(explanation, record.workflow, outStyle),
    );
    return success.exit_code;
  });
}
