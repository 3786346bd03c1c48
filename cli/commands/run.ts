import { systemClock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ExecutionHandle } from "../../engine/engine_options.ts";
import { FlowError } from "../../engine/errors.ts";
import { attemptId } from "../../engine/id.ts";
import { parseWorkflow } from "../../engine/parse.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { watchInterrupts } from "../interrupt.ts";
import { openEngine, openRegistry } from "../open_engine.ts";
import { type InputFlags, readInputs } from "../read_inputs.ts";
import type { Renderer } from "../render/renderer.ts";
import { formatComplaint } from "../report_error.ts";
import { loadNodeFiles, readWorkflowFile } from "../workflow_file.ts";

/** Flags of `flow run`. */
export interface RunFlags extends CommonFlags, InputFlags {
  readonly file?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** `flow run`: one execution from its first event to its result. */
export async function runWorkflow(context: CliContext, flags: RunFlags, file?: string): Promise<number> {
  const found = await readWorkflowFile(context, chooseFile(flags, file));
  const registry = openRegistry(context.platform, [...found.nodes, ...await loadNodeFiles(context, flags.nodes)]);
  const workflow = await parseWorkflow(found.source, { registry, filename: found.filename });
  const inputs = await readInputs(context, flags);
  const { engine, close } = openEngine(context.platform, registry);
  const renderer = await createRenderer(context, workflow, flags);
  const handle = await engine.start(workflow, {
    inputs,
    verbose: flags.verbose ?? false,
    timeoutMs: flags.timeout,
    ...(found.path === undefined ? {} : { source: found.path }),
  });
  const result = await watch(context, engine, handle, renderer);
  if (result === undefined) return outcomeOf("cancelled").exit_code;
  await close();
  return await report(context, flags, workflow, registry, result);
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

async function createRenderer(context: CliContext, workflow: Workflow, flags: RunFlags): Promise<Renderer> {
  const { platform, out, err, errStyle: style } = context;
  if (flags.json) return (await import("../render/json_lines.ts")).createJsonLinesRenderer(out, err);
  if (flags.quiet) return (await import("../render/renderer.ts")).createQuietRenderer((text) => err.write(text));
  if (!err.isTerminal || platform.env("TERM") === "dumb") {
    return new (await import("../render/plain_lines.ts")).PlainLines(err, style, workflow);
  }
  const { LiveTree } = await import("../render/live_tree.ts");
  const size = () => platform.terminalSize() ?? { columns: 80, rows: 24 };
  return new LiveTree({ workflow, output: err, style, size, clock: systemClock, verbose: flags.verbose ?? false });
}

/** Shows the execution to its end. Undefined if the user would not wait for that. */
async function watch(
  context: CliContext,
  engine: Engine,
  handle: ExecutionHandle,
  renderer: Renderer,
): Promise<ExecutionResult | undefined> {
  let giveUp = () => {};
  const impatience = new Promise<undefined>((resolve) => giveUp = () => resolve(undefined));
  const stopWatching = watchInterrupts(context.platform, {
    first(signal) {
      handle.cancel(`Interrupted by ${signal}`);
      renderer.notify(signal === "SIGINT" ? "Cancelling… press Ctrl-C again to kill" : "Cancelling…");
    },
    again: () => void killRunning(context, engine, handle.execution_id).finally(giveUp),
  });
  context.out.onClosed(() => handle.cancel("Nobody reads the output any more"));
  try {
    return await Promise.race([show(context, handle, renderer), impatience]);
  } finally {
    stopWatching();
    renderer.end();
  }
}

async function show(context: CliContext, handle: ExecutionHandle, renderer: Renderer): Promise<ExecutionResult> {
  for await (const event of handle.events()) {
    renderer.onEvent(event);
    if (context.out.isBehind || context.err.isBehind) await Promise.all([context.out.flush(), context.err.flush()]);
  }
  return await handle.result;
}

/** How long killing may take; the program ends in any case. */
const KILL_MS = 2000;

/** Ends at once all processes that the running nodes have started. */
async function killRunning({ platform }: CliContext, engine: Engine, executionId: string): Promise<void> {
  const state = await engine.status(executionId);
  const running = [...state?.nodes ?? []].filter(([, node]) => node.status === "running");
  const kills = running.map(([nodeId, { attempt, process }]) => {
    const mark = attemptId(executionId, nodeId, 0, attempt);
    return platform.endLeftovers(process === undefined ? { mark } : { mark, process }, 0);
  });
  let stopTimer = () => {};
  const timeout = new Promise<void>((resolve) => stopTimer = systemClock.setTimer(KILL_MS, resolve));
  await Promise.race([Promise.allSettled(kills), timeout]);
  stopTimer();
}

async function report(
  context: CliContext,
  flags: RunFlags,
  workflow: Workflow,
  registry: NodeRegistry,
  result: ExecutionResult,
): Promise<number> {
  const hasResult = result.status === "succeeded" || Object.keys(result.outputs).length > 0;
  if (!flags.json && hasResult) {
    const { formatResult, formatResultJson } = await import("../render/result.ts");
    const { out, outStyle } = context;
    const { outputs } = result;
    out.write(out.isTerminal ? formatResult(workflow, registry, outputs, outStyle) : formatResultJson(outputs));
  }
  if (result.status === "succeeded") return success.exit_code;
  const error = result.error ?? { code: "internal", message: `Execution ${result.status}` };
  if (error.code !== "cancelled" || flags.quiet) context.err.write(formatComplaint(error, context.errStyle));
  return outcomeOf(error.code).exit_code;
}
