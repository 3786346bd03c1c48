import { systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { chooseHost, type ExecutionAccess, type ServerFlags } from "../execution_access.ts";
import { type NoStoreFlags, openStore, type StoreFlags } from "../open_store.ts";
import { type InputFlags, readInputs } from "../read_inputs.ts";
import { readWorkflow, refuseEndlessCalls, warnOfInputs } from "../read_workflow.ts";
import { formatNote } from "../report_error.ts";
import { driveExecution, type WatchFlags } from "../watch.ts";
import { loadNodeFiles, readWorkflowFile } from "../workflow_file.ts";

/** Flags of `flow run`. */
export interface RunFlags extends CommonFlags, InputFlags, ServerFlags, StoreFlags, NoStoreFlags, WatchFlags {
  readonly file?: string | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly nodes?: readonly string[] | undefined;
  readonly noCache?: boolean | undefined;
  /** Only say what would happen. */
  readonly dryRun?: boolean | undefined;
}

/** `flow run`: one execution from its first event to its result. */
export async function runWorkflow(context: CliContext, flags: RunFlags, file?: string): Promise<number> {
  const { platform } = context;
  const found = await readWorkflowFile(context, chooseFile(flags, file));
  const host = await chooseHost(context, flags, openStore);
  const registry = await host.openRegistry([...found.nodes, ...await loadNodeFiles(context, flags.nodes)]);
  const workflow = await readWorkflow(context, found, registry, flags);
  if (!host.isRemote) await refuseEndlessCalls(context, found, workflow, registry);
  const inputs = await readInputs(context, flags, workflow.inputs);
  warnOfInputs(context, workflow, registry, inputs, flags);
  if (flags.dryRun) {
    const { showRunPlan } = await import("../dry_run.ts");
    return await showRunPlan(context, flags, {
      workflow,
      registry,
      inputs,
      json: flags.json ?? false,
      timeout: flags.timeout,
      isRemote: host.isRemote,
    });
  }
  return await host.withAccess(async (access) => {
    if (found.path !== undefined && !flags.quiet) await mentionInterrupted(context, access, found.path);
    const runner = await access.openRunner(registry);
    const options = {
      inputs,
      verbose: flags.verbose ?? false,
      timeoutMs: flags.timeout,
      useCache: !flags.noCache,
      workdir: platform.cwd(),
      ...(found.path === undefined ? {} : { source: found.path }),
    };
    return await driveExecution(context, runner, flags, { workflow, begin: () => runner.start(workflow, options) });
  });
}

/** Says so if an earlier execution of the same file has not come to its end. */
async function mentionInterrupted(
  { err, errStyle }: CliContext,
  { reader, refresh }: ExecutionAccess,
  source: string,
): Promise<void> {
  await refresh();
  const filter = { source, status: "interrupted", limit: 10 } as const;
  const [newest, ...older] = await reader.listExecutions(filter, systemClock.now());
  if (newest === undefined) return;
  const { execution_id } = newest;
  const more = older.length === 0 ? "" : `, and ${older.length} before it`;
  err.write(formatNote({
    message: `Execution ${execution_id} of this workflow was interrupted${more}`,
    hint: `Run "flow resume ${execution_id}" to go on with it, or "flow executions cancel ${execution_id}" to end it.`,
  }, errStyle));
}

function chooseFile(flags: RunFlags, file: string | undefined): string {
  if (file !== undefined && flags.file !== undefined) {
    throw new FlowError("invalid_argument", `Cannot run both "${file}" and "${flags.file}"`, {
      hint: "Give one of them.",
    });
  }
  const chosen = file ?? flags.file;
  if (chosen === undefined) {
    throw new FlowError("invalid_argument", "Cannot run: no workflow was given", {
      hint: 'Write "flow run workflow.yaml", or make one with "flow init".',
    });
  }
  if (chosen === "-" && flags.input === "-") {
    throw new FlowError("invalid_argument", "Cannot read both the workflow and its inputs from stdin", {
      hint: "Put one of them into a file.",
    });
  }
  return chosen;
}
