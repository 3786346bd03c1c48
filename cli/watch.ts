import { systemClock } from "../engine/clock.ts";
import type { ExecutionHandle } from "../engine/engine_options.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { Signal } from "../platform/types.ts";
import { outcomeOf, success } from "../server/outcome.ts";
import type { CliContext } from "./context.ts";
import { EarlyEnd, type Watched } from "./early_end.ts";
import type { ExecutionRunner } from "./execution_access.ts";
import { watchInterrupts } from "./interrupt.ts";
import { redirectConsole } from "./redirect_console.ts";
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
  { lastResort, registry }: Pick<ExecutionRunner, "lastResort" | "registry">,
  flags: WatchFlags,
  { workflow, after = 0, begin }: Drive,
): Promise<number> {
  const renderer = await createRenderer(context, workflow, flags);
  const begun = await beginAttentively(context, begin);
  const watched = begun && { context, lastResort, renderer, workflow, ...begun };
  const result = watched && await watch(watched, renderer.needsHistory ? 0 : after);
  if (result === undefined) return outcomeOf("cancelled").exit_code;
  return await report(context, flags, workflow, registry, result);
}

/**
 * Begins, and remembers a signal that comes meanwhile: what has begun must not stay behind as one that was cut off.
 * Undefined after a second one.
 */
async function beginAttentively(
  { platform }: CliContext,
  begin: () => Promise<ExecutionHandle>,
): Promise<Pick<Watched, "handle" | "interruptedBy" | "takeOver"> | undefined> {
  const hurried = Promise.withResolvers<undefined>();
  let interruptedBy: Signal | undefined;
  const takeOver = watchInterrupts(platform, {
    first: (signal) => interruptedBy = signal,
    again: () => hurried.resolve(undefined),
  });
  let handle: ExecutionHandle | undefined;
  try {
    handle = await Promise.race([begin(), hurried.promise]);
  } finally {
    if (handle === undefined) takeOver();
  }
  return handle && { handle, interruptedBy, takeOver };
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

/** Shows the execution to its end. Undefined if the user would not wait for that. @throws what nobody else has handled */
async function watch(watched: Watched, after: number): Promise<ExecutionResult | undefined> {
  const { context, lastResort, handle, renderer } = watched;
  const early = new EarlyEnd(watched);
  const restoreConsole = redirectConsole((text) => renderer.print(handle.mask(text)));
  let result: ExecutionResult | undefined;
  try {
    result = await Promise.race([show(watched, early, after), early.impatience]);
  } finally {
    early.stop();
    restoreConsole();
    renderer.end();
    if (early.isKilled) renderer.notify(lastResort.done);
    // Both streams may be the same terminal: one has to be done before the other goes on.
    await context.err.flush();
  }
  if (early.strayError !== undefined) throw early.strayError;
  return result;
}

async function show(
  { context, handle, renderer }: Watched,
  early: EarlyEnd,
  after: number,
): Promise<ExecutionResult> {
  for await (const event of handle.events({ after })) {
    renderer.onEvent(event);
    early.onEvent(event);
    if (context.out.isBehind || context.err.isBehind) await Promise.all([context.out.flush(), context.err.flush()]);
  }
  return await handle.result;
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
