/**
 * Drives one execution to its end: its nodes, then the handlers that its result calls for. Each list of nodes is run by
 * a `Stage`, in turns.
 *
 *   E1. A node is waiting, running or finished; only `Recorder` moves it.
 *   E2. An event is durable before anyone outside sees it, and before what it announces happens: an attempt starts after
 *       its NodeStarted is in the journal, a dependent after its predecessor's NodeCompleted is.
 *   E3. WorkflowStarted is followed by exactly one WorkflowCompleted, unless the journal itself fails or the engine
 *       shuts down; then the execution can be resumed.
 *   E4. `execute` settles only when nothing that it started is still running.
 *   E5. Never more than `max_parallel_nodes` attempts run at once; a node that waits for its retry takes no slot.
 *   E6. After the decision to stop no attempt starts, but of nodes that are there for failures (`run_if`). The decision
 *       is a function of the journal (a failed node, or WorkflowCancelling), so a resumed execution comes to the same.
 */
import { closeAtEnd, type Closer } from "./cleanup.ts";
import { FlowError } from "./errors.ts";
import type { HandlerName, Verdict } from "./events.ts";
import { evaluateOutputs } from "./execution_outputs.ts";
import { Inbox } from "./inbox.ts";
import { NOTHING_RESTORED, type Restored, restoreNodes, takeOver } from "./restore.ts";
import type { Reuse } from "./reuse.ts";
import { Stage, type StageMessage, type StageOptions } from "./stage.ts";
import type { Value, Values } from "./value.ts";
import { createResult, type ExecutionResult, judge } from "./verdict.ts";

/** What an executor works with. The recorder's state says where to begin: at the start, or where a journal ends. */
export interface ExecutorOptions extends Omit<StageOptions, "inbox" | "handler" | "before" | "reusedItems">, Closer {
  /** Who drives it, for the journal. */
  owner: string;
  /** What is to be known of the journal besides the state; when resuming. */
  restored?: Restored;
  /** What a rerun takes over from an earlier execution. */
  reuse?: Reuse | undefined;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #inbox = new Inbox<StageMessage>();
  readonly #main: Stage;
  #hasBegun = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#main = new Stage({ ...options, inbox: this.#inbox, reusedItems: options.reuse?.items });
  }

  /** Asks the execution to end as `cancelled`. */
  cancel(reason: string): void {
    this.#inbox.send({ type: "cancel", because: "request", reason });
  }

  /** Ends all that runs and leaves the execution as it is, to be resumed; `execute` rejects with `error`. */
  suspend(error: FlowError): void {
    this.#inbox.send({ type: "suspend", error });
  }

  /** Makes its first events durable before `execute`, which otherwise records them. @throws {FlowError} as E3 allows */
  async begin(): Promise<void> {
    this.#begin();
    await this.#options.recorder.flush();
    this.#throwIfBroken(this.#main);
  }

  /** Runs the execution to its end. Rejects only for the exceptions of E3. */
  async execute(): Promise<ExecutionResult<Values>> {
    const { state } = this.#options.recorder;
    this.#begin();
    const verdict = state.finishing ?? await this.#runNodes();
    for (const name of this.#dueHandlers(verdict)) await this.#runHandler(name, verdict);
    return await this.#complete(verdict);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { clock, owner, reuse, restored = NOTHING_RESTORED, recorder, prepared } = this.#options;
    const { ledger } = this.#main;
    if (recorder.state.status !== "pending") {
      recorder.record({ type: "WorkflowResumed", owner });
      restoreNodes(ledger, restored, clock.now());
      return this.#main.decideAgain();
    }
    const { id, name, nodes } = prepared.workflow;
    const keeps = reuse === undefined || reuse.items.size === 0 ? {} : { keeps_items_of: [...reuse.items.keys()] };
    const rerun = reuse === undefined ? {} : { rerun_of: reuse.execution_id, ...keeps };
    const body = { workflow_id: id, workflow_name: name, total_nodes: nodes.length, ...rerun };
    recorder.record({ type: "WorkflowStarted", ...body });
    if (reuse !== undefined) takeOver(ledger, reuse);
  }

  async #runNodes(): Promise<Verdict> {
    const { prepared, recorder, clock } = this.#options;
    const limitMs = prepared.workflow.settings.max_execution_time_ms;
    const startedAt = recorder.state.status === "pending" ? clock.now() : recorder.state.started_at;
    const disarm = this.#armDeadline(startedAt, limitMs);
    try {
      await this.#main.run();
    } finally {
      disarm();
    }
    this.#throwIfBroken(this.#main);
    const verdict = judge(this.#main.stop, this.#main.ledger.failure, limitMs);
    return await evaluateOutputs(prepared, () => this.#main.scope(), verdict);
  }

  /** Answers what disarms it. */
  #armDeadline(startedAt: number, limitMs: number | null): () => void {
    const { clock } = this.#options;
    if (limitMs === null) return () => {};
    const reason = `Cancelled because the execution exceeded ${limitMs} ms`;
    const onDue = () => this.#inbox.send({ type: "cancel", because: "timeout", reason });
    return clock.setTimer(Math.max(0, startedAt + limitMs - clock.now()), onDue);
  }

  /** The handlers that a result calls for, in order; that there are some is what makes the result a fact first. */
  #dueHandlers(verdict: Verdict): HandlerName[] {
    const { recorder, prepared } = this.#options;
    const due = [...prepared.handlers.keys()].filter((name) => name === "on_exit" || HANDLED[name] === verdict.status);
    if (due.length > 0 && recorder.state.finishing === undefined) {
      recorder.record({ type: "WorkflowFinishing", ...verdict });
    }
    return due;
  }

  async #runHandler(name: HandlerName, verdict: Verdict): Promise<void> {
    const { prepared, clock, restored = NOTHING_RESTORED } = this.#options;
    const own = prepared.handlers.get(name);
    if (own === undefined) return;
    const before = { frontier: this.#main.ledger.frontier, result: this.#describe(verdict) };
    const unlocked = { ...own, secrets: prepared.secrets };
    const stage = new Stage({ ...this.#options, prepared: unlocked, inbox: this.#inbox, handler: name, before });
    restoreNodes(stage.ledger, restored, clock.now());
    stage.decideAgain();
    await stage.run();
    this.#throwIfBroken(stage);
  }

  /** The result as the expressions of handlers see it. */
  #describe({ status, error, outputs }: Verdict): Values {
    const { clock, recorder } = this.#options;
    return {
      status,
      error: error === undefined ? null : { ...error } as Value,
      duration_ms: Math.max(0, clock.now() - recorder.state.started_at),
      outputs: outputs ?? this.#main.ledger.frontier.finalOutputs(),
    };
  }

  async #complete(verdict: Verdict): Promise<ExecutionResult<Values>> {
    const { recorder, clock } = this.#options;
    const { state } = recorder;
    await closeAtEnd({ ...this.#options, secrets: this.#options.prepared.secrets });
    const success = verdict.status === "succeeded";
    const duration_ms = Math.max(0, clock.now() - state.started_at);
    recorder.record({ type: "WorkflowCompleted", success, duration_ms, ...verdict });
    await recorder.flush();
    this.#throwIfBroken(this.#main);
    return createResult(state, state.outputs ?? this.#main.ledger.frontier.finalOutputs());
  }

  /** @throws {FlowError} if the execution cannot go on, and is left to be resumed */
  #throwIfBroken(stage: Stage): void {
    const broken = this.#options.recorder.failure ?? stage.suspended;
    if (broken !== undefined) throw broken;
  }
}

/** The status that each handler is for. */
const HANDLED: Readonly<Record<Exclude<HandlerName, "on_exit">, Verdict["status"]>> = {
  on_success: "succeeded",
  on_failure: "failed",
};
