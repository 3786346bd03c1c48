import { systemClock } from "../engine/clock.ts";
import type { Engine } from "../engine/engine.ts";
import type { ExecutionHandle } from "../engine/engine_options.ts";
import { attemptId } from "../engine/id.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import type { Workflow } from "../engine/workflow.ts";
import { outcomeOf, success } from "../server/outcome.ts";
import type { CliContext } from "./context.ts";
import { watchInterrupts } from "./interrupt.ts";
import type { Renderer } from "./render/renderer.ts";
import { formatComplaint } from "./report_error.ts";

/** How an execution is shown. */
export interface WatchFlags {
  readonly verbose?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** What to show of which execution. */
export interface Drive {
  workflow: Workflow;
  /** Seq of the newest event that the user knows; default 0. */
  after?: number;
  begin(): Promise<ExecutionHandle>;
}

/** Begins an execution, shows it to its end or until the user has had enough, and answers the exit code. */
export async function driveExecution(
  context: CliContext,
  engine: Engine,
  flags: WatchFlags,
  { workflow, after = 0, begin }: Drive,
): Promise<number> {
  const renderer = await createRenderer(context, workflow, flags);
  const handle = await begin();
  // It is awaited only after the last event.
  handle.result.catch(() => {});
  const result = await watch(context, engine, handle, renderer, renderer.needsHistory ? 0 : after);
  if (result === undefined) return outcomeOf("cancelled").exit_code;
  return await report(context, flags, workflow, engine.registry, result);
}

async function createRenderer(context: CliContext, workflow: Workflow, flags: WatchFlags): Promise<Renderer> {
  const { platform, out, err, errStyle: style } = context;
  if (flags.json) return (await import("./render/json_lines.ts")).createJsonLinesRenderer(out, err);
  if (flags.quiet) return (await import("./render/renderer.ts")).createQuietRenderer((text) => err.write(text));
  if (!err.isTerminal || platform.env("TERM") === "dumb") {
    return new (await import("./render/plain_lines.ts")).PlainLines(err, style, workflow);
  }
  const { LiveTree } = await import("./render/live_tree.ts");
  const size = () => platform.terminalSize() ?? { columns: 80, rows: 24 };
  return new LiveTree({ workflow, output: err, style, size, clock: systemClock, verbose: flags.verbose ?? false });
}

/** Shows the execution to its end. Undefined if the user would not wait for that. */
async function watch(
  context: CliContext,
  engine: Engine,
  handle: ExecutionHandle,
  renderer: Renderer,
  after: number,
): Promise<ExecutionResult | undefined> {
  let giveUp = () => {};
  const impatience = new Promise<undefined>((resolve) => giveUp = () => resolve(undefined));
  const stopWatching = watchInterrupts(context.platform, {
    first(signal) {
      handle.cancel(`Interrupted by ${signal}`);
      renderer.notify(signal === "SIGINT" ? "Cancelling… press Ctrl-C again to kill" : "Cancelling…");
    },
    again: () =>
      void killRunning(context, engine, handle.execution_id).finally(() =>
        systemClock.setTimer(LAST_CHANCE_MS, giveUp)
      ),
  });
  context.out.onClosed(() => handle.cancel("Nobody reads the output any more"));
  try {
    return await Promise.race([show(context, handle, renderer, after), impatience]);
  } finally {
    stopWatching();
    renderer.end();
    // Both streams may be the same terminal: one has to be done before the other goes on.
    await context.err.flush();
  }
}

async function show(
  context: CliContext,
  handle: ExecutionHandle,
  renderer: Renderer,
  after: number,
): Promise<ExecutionResult> {
  for await (const event of handle.events({ after })) {
    renderer.onEvent(event);
    if (context.out.isBehind || context.err.isBehind) await Promise.all([context.out.flush(), context.err.flush()]);
  }
  return await handle.result;
}

/** How long an execution whose processes were killed may take to end as cancelled, before the program gives up. */
const LAST_CHANCE_MS = 500;

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
  flags: WatchFlags,
  workflow: Workflow,
  registry: NodeRegistry,
  result: ExecutionResult,
): Promise<number> {
  const hasResult = result.status === "succeeded" || Object.keys(result.outputs).length > 0;
  if (!flags.json && hasResult) {
    const { formatResult, formatResultJson } = await import("./render/result.ts");
    const { out, outStyle } = context;
    const { outputs } = result;
    out.write(out.isTerminal ? formatResult(workflow, registry, outputs, outStyle) : formatResultJson(outputs));
    await out.flush();
  }
  if (result.status === "succeeded") return success.exit_code;
  const error = result.error ?? { code: "internal", message: `Execution ${result.status}` };
  if (error.code !== "cancelled" || flags.quiet) context.err.write(formatComplaint(error, context.errStyle));
  return outcomeOf(error.code).exit_code;
}
