import { FlowError } from "../../engine/errors.ts";
import type { RerunPlan } from "../../engine/rerun.ts";
import type { ExecutionRecord } from "../../engine/store.ts";
import type { Values } from "../../engine/value.ts";
import { toWire } from "../../engine/wire.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ServerFlags } from "../execution_access.ts";
import { findExecution, readRecord } from "../find_execution.ts";
import { openHistory, type StoreFlags } from "../open_store.ts";
import { type InputFlags, readInputs } from "../read_inputs.ts";
import { loadRecordNodes } from "../record_nodes.ts";
import { readWorkflow, refuseEndlessCalls, warnOfInputs } from "../read_workflow.ts";
import { formatPlan } from "../render/plan.ts";
import { driveExecution, type WatchFlags } from "../watch.ts";
import { loadNodeFiles, readWorkflowFile, type WorkflowFile } from "../workflow_file.ts";

/** Flags of `flow rerun`. */
export interface RerunFlags extends CommonFlags, InputFlags, ServerFlags, StoreFlags, WatchFlags {
  readonly from?: string | undefined;
  readonly only?: string | undefined;
  /** File with another version of the workflow. */
  readonly with?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly nodes?: readonly string[] | undefined;
  readonly noCache?: boolean | undefined;
}

/** `flow rerun`: a new execution that reuses what an earlier one has done. Says first what it will do. */
export async function rerunExecution(context: CliContext, flags: RerunFlags, id: string): Promise<number> {
  const { platform } = context;
  const host = await chooseHost(context, flags, openHistory);
  return await host.withAccess(async ({ reader, refresh, openRunner }) => {
    await refresh();
    const { execution_id, status } = await findExecution(reader, id);
    if (status === "running") throw stillRunning(execution_id);
    const record = await readRecord(reader, execution_id);
    const edited = flags.with === undefined ? undefined : await readWorkflowFile(context, flags.with);
    const nodes = edited === undefined
      ? await loadRecordNodes(context, record, flags.nodes)
      : [...edited.nodes, ...await loadNodeFiles(context, flags.nodes)];
    const registry = await host.openRegistry(nodes);
    const runner = await openRunner(registry);
    const other = edited && await readWorkflow(context, edited, registry, flags);
    if (edited && other && !host.isRemote) await refuseEndlessCalls(context, edited, other, registry);
    const inputs = await rerunInputs(context, flags, record, (other ?? record.workflow).inputs);
    const plan = await runner.planRerun(execution_id, { from: flags.from, only: flags.only, workflow: other, inputs });
    warnOfInputs(context, plan.workflow, registry, plan.inputs, flags);
    if (flags.dryRun) return showPlan(context, flags, plan);
    if (!flags.quiet && !flags.json) context.err.write(formatPlan(plan, context.errStyle));
    const options = {
      verbose: flags.verbose ?? record.verbose,
      timeoutMs: flags.timeout,
      useCache: !flags.noCache,
      ...sourceOf(edited, record),
      ...(record.workdir === undefined ? {} : { workdir: record.workdir }),
    };
    const { workflow } = plan;
    if (record.workdir !== undefined) platform.changeDir(record.workdir);
    return await driveExecution(context, runner, flags, { workflow, begin: () => runner.rerun(plan, options) });
  });
}

/** The inputs of the earlier execution, unless `--input` replaces them; `--set` changes one. */
async function rerunInputs(
  context: CliContext,
  flags: RerunFlags,
  record: ExecutionRecord,
  declared: Workflow["inputs"],
): Promise<Values> {
  const given = await readInputs(context, flags, declared);
  return flags.input === undefined ? { ...record.inputs, ...given } : given;
}

function sourceOf(edited: WorkflowFile | undefined, record: ExecutionRecord): { source?: string } {
  const source = edited === undefined ? record.source : edited.path;
  return source === undefined ? {} : { source };
}

function showPlan({ out, outStyle }: CliContext, { json }: RerunFlags, plan: RerunPlan): number {
  const { execution_id, inputs, nodes } = plan;
  out.write(
    json ? `${JSON.stringify({ execution_id, inputs: toWire(inputs), nodes }, null, 2)}\n` : formatPlan(plan, outStyle),
  );
  return success.exit_code;
}

function stillRunning(executionId: string): FlowError {
  return new FlowError("conflict", `Cannot rerun execution "${executionId}": it is still running`, {
    hint: `Wait for it to end, or run "flow executions cancel ${executionId}".`,
  });
}
