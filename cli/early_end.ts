import { ABANDON_AFTER_MS } from "../engine/attempt.ts";
import { systemClock } from "../engine/clock.ts";
import type { ExecutionHandle } from "../engine/engine_options.ts";
import type { FlowError } from "../engine/errors.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import { quote } from "../engine/plain.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { Signal } from "../platform/types.ts";
import { AwaitedNodes } from "./awaited_nodes.ts";
import type { CliContext } from "./context.ts";
import type { LastResort } from "./execution_access.ts";
import { watchInterrupts } from "./interrupt.ts";
import { maskThrown } from "./mask_thrown.ts";
import { nodeLabels } from "./render/labels.ts";
import type { Renderer } from "./render/renderer.ts";
import { cleanLine } from "./render/text.ts";
import { handleStrayErrors } from "./stray_errors.ts";
import { watchParent } from "./watch_parent.ts";

/** How long an execution whose processes were killed may take to end as cancelled, before the program gives up. */
const LAST_CHANCE_MS = 500;

/** How long an execution may take to end after an error that nobody handled: there may be nobody to press Ctrl-C. */
const STRAY_GRACE_MS = 10_000;

/** How many nodes are named that do not end. */
const MAX_LATE = 5;

/** What an {@link EarlyEnd} acts on. */
export interface Watched {
  context: CliContext;
  lastResort: LastResort;
  handle: ExecutionHandle;
  renderer: Renderer;
  workflow: Workflow;
  /** The signal that came while the execution began. */
  interruptedBy?: Signal | undefined;
  /** Ends the watch over signals that there was until now. */
  takeOver?(): void;
}

/**
 * Ends an execution before its time, until `stop`: on signals, on errors that nobody handled, when nobody reads the
 * output any more, and when the program has ended that wants it to end then. It is cancelled at first, and killed on the second signal.
 */
export class EarlyEnd {
  readonly #watched: Watched;
  readonly #killed = Promise.withResolvers<undefined>();
  readonly #undo: readonly (() => void)[];
  readonly #awaited: AwaitedNodes;
  #strayError: FlowError | undefined;
  #isInterrupted = false;
  #isKilled = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    const { context, handle, renderer, interruptedBy } = watched;
    this.#awaited = new AwaitedNodes(systemClock, (nodeIds) => this.#tellLate(nodeIds));
    const again = () => this.#kill();
    const first = (signal: Signal) => {
      this.#isInterrupted = signal === "SIGINT";
      handle.cancel(`Interrupted by ${signal}`);
      renderer.notify(signal === "SIGINT" ? "Cancelling… press Ctrl-C again to kill" : "Cancelling…");
    };
    if (interruptedBy !== undefined) first(interruptedBy);
    this.#undo = [
      watchInterrupts(context.platform, { first: interruptedBy === undefined ? first : again, again }),
      handleStrayErrors(context.platform, (error) => this.#onStrayError(error)),
      watchParent(context.platform, () => handle.cancel("The program that started it has ended")),
    ];
    // Not before: without any listener in between, Node loses a signal that is on its way.
    watched.takeOver?.();
    context.out.onClosed(() => handle.cancel("Nobody reads the output any more"));
  }

  /** Resolves when the execution has not ended although its processes were killed. */
  get impatience(): Promise<undefined> {
    return this.#killed.promise;
  }

  /** Whether the user would not wait until it was cancelled. */
  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** The first error that nobody handled. */
  get strayError(): FlowError | undefined {
    return this.#strayError;
  }

  onEvent(event: ExecutionEvent): void {
    this.#awaited.onEvent(event);
  }

  stop(): void {
    this.#awaited.stop();
    for (const undo of this.#undo) undo();
  }

  #tellLate(nodeIds: readonly string[]): void {
    if (this.#isKilled) return;
    const { renderer, workflow } = this.#watched;
    const labels = nodeLabels(workflow);
    const shown = nodeIds.slice(0, MAX_LATE).map((id) => quote(labels.get(id) ?? cleanLine(id))).join(", ");
    const more = nodeIds.length > MAX_LATE ? ` and ${nodeIds.length - MAX_LATE} more` : "";
    const limit = `up to ${ABANDON_AFTER_MS / 1000} s`;
    const way = this.#isInterrupted ? "; press Ctrl-C again to kill" : "";
    renderer.notify(`Waiting for ${shown}${more} to end, ${limit}${way}`);
  }

  #onStrayError(error: FlowError): void {
    if (this.#strayError !== undefined) return;
    const { handle, renderer } = this.#watched;
    this.#strayError = maskThrown(error, (text) => handle.mask(text));
    handle.cancel(this.#strayError.message);
    renderer.notify("Cancelling…");
    systemClock.setTimer(STRAY_GRACE_MS, () => this.#kill());
  }

  #kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    const { lastResort, handle, renderer } = this.#watched;
    renderer.notify(lastResort.doing);
    const giveUp = () => systemClock.setTimer(LAST_CHANCE_MS, () => this.#killed.resolve(undefined));
    void lastResort.apply(handle.execution_id).finally(giveUp);
  }
}
