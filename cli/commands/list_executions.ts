import { systemClock } from "../../engine/clock.ts";
import type { ExecutionFilter, ExecutionSummary } from "../../engine/store.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ServerFlags } from "../execution_access.ts";
import { formatDuration } from "../duration.ts";
import { findExecution } from "../find_execution.ts";
import { type DatabaseFlags, openHistory } from "../open_store.ts";
import { formatAge } from "../render/quantities.ts";
import { formatStatus } from "../render/status.ts";
import { formatTable } from "../render/table.ts";
import { truncate } from "../render/text.ts";
import type { Style } from "../style.ts";

/** Flags of `flow executions list`. */
export interface ListFlags extends CommonFlags, ServerFlags, DatabaseFlags {
  readonly status?: ExecutionSummary["status"] | undefined;
  /** Its id. */
  readonly workflow?: string | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit?: number | undefined;
  /** Those too that others have called. */
  readonly all?: boolean | undefined;
  /** The execution that has called them. */
  readonly calledBy?: string | undefined;
  readonly json?: boolean | undefined;
}

const DEFAULT_LIMIT = 20;
/** Of the columns before the name, as wide as they usually get. */
const COLUMNS_BEFORE_NAME = 71;
const MIN_NAME_COLUMNS = 9;

/** `flow executions list`: the newest executions, as far as they fit the filters. */
export async function listExecutions(context: CliContext, flags: ListFlags): Promise<number> {
  const { out, err, outStyle } = context;
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async ({ reader, refresh }) => {
    await refresh();
    const limit = flags.limit ?? DEFAULT_LIMIT;
    const now = systemClock.now();
    // One more than is shown tells whether there are more.
    const { calledBy } = flags;
    const caller = calledBy === undefined ? undefined : (await findExecution(reader, calledBy)).execution_id;
    const found = await reader.listExecutions({ ...filterOf(flags, caller), limit: limit + 1 }, now);
    const shown = found.slice(0, limit);
    if (flags.json) out.write(`${JSON.stringify(shown, null, 2)}\n`);
    else if (shown.length > 0) out.write(formatList(shown, now, columnsOf(context), outStyle));
    else err.write("There are no such executions.\n");
    if (found.length > limit && !flags.json) err.write(`There are more: use --limit to see them.\n`);
    return success.exit_code;
  });
}

function filterOf({ status, workflow, since, until, all }: ListFlags, caller: string | undefined): ExecutionFilter {
  return {
    ...(status === undefined ? {} : { status }),
    ...(workflow === undefined ? {} : { workflow_id: workflow }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(caller === undefined ? {} : { called_by: caller }),
    ...(all || caller !== undefined ? {} : { top_level: true }),
  };
}

function formatList(executions: readonly ExecutionSummary[], now: number, columns: number, style: Style): string {
  const head = ["ID", "STATUS", "STARTED", "DURATION", "WORKFLOW"].map((text) => ({ text, paint: style.dim }));
  const rows = executions.map((it) => [
    { text: it.execution_id },
    formatStatus(it.status, style),
    { text: formatAge(it.created_at, now) },
    { text: it.duration_ms === undefined ? "" : formatDuration(it.duration_ms) },
    { text: truncate(nameOf(it) + (it.rerun_of === undefined ? "" : " (rerun)"), columns - COLUMNS_BEFORE_NAME) },
  ]);
  return formatTable([head, ...rows]);
}

/** How wide a line may be; a pipe takes any. */
function columnsOf({ platform, out }: CliContext): number {
  const size = out.isTerminal ? platform.terminalSize() : null;
  return size === null ? Infinity : Math.max(size.columns, COLUMNS_BEFORE_NAME + MIN_NAME_COLUMNS);
}

/** What people call a workflow: its name, or its file if it has neither name nor id of its own. */
function nameOf({ workflow_id, workflow_name, source }: ExecutionSummary): string {
  const isGenerated = workflow_name === workflow_id && /^[0-9a-f-]{36}$/.test(workflow_id);
  return isGenerated && source !== undefined ? source.split(/[\\/]/).at(-1) ?? source : workflow_name;
}
