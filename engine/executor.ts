/**
 * Drives one execution to its end, in turns: take what has happened, decide, record all of it in one append, then start
 * what that append has made a fact.
 *
 *   E1. A node is waiting, running or finished; only `Recorder` moves it.
 *   E2. An event is durable before anyone outside sees it, and before what it announces happens: an attempt starts after
 *       its NodeStarted is in the journal, a dependent after its predecessor's NodeCompleted is.
 *   E3. WorkflowStarted is followed by exactly one WorkflowCompleted, unless the journal itself fails or the engine
 *       shuts down; then the execution can be resumed.
 *   E4. `execute` settles only when nothing that it started is still running.
 *   E5. Never more than `max_parallel_nodes` attempts run at once; a node that waits for its retry takes no slot.
 *   E6. After the decision to stop no attempt starts. The decision is a function of the journal (a failed node, or
 *       WorkflowCancelling), so a resumed execution comes to the same one.
 */
import type { NodeCache } from "./cache.ts";
import type { Clock } from "./clock.ts";
import type { AttemptOutcome, Dispatcher } from "./dispatcher.ts";
import { FlowError } from "./errors.ts";
import { Inbox } from "./inbox.ts";
import { Ledger, type Reuse } from "./ledger.ts";
import { selectInputs } from "./node.ts";
import type { PreparedWorkflow } from "./prepare.ts";
import type { Recorder } from "./recorder.ts";
import { type SlotMessage, Slots } from "./slots.ts";
import type { Values } from "./value.ts";
import { createResult, type ExecutionResult, judge, type Stop } from "./verdict.ts";

/** What an executor works with. */
export interface ExecutorOptions {
  prepared: PreparedWorkflow;
  inputs: Values;
  /** Its state says where to begin: before the first event, or where a journal ends. */
  recorder: Recorder;
  dispatcher: Dispatcher;
  clock: Clock;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  verbose: boolean;
  /** Who drives it, for the journal. */
  owner: string;
  /** Results of earlier runs of nodes that ask for it. */
  cache?: NodeCache | undefined;
  /** Outputs of finished nodes that others may still read, by node id; when resuming. */
  restored?: ReadonlyMap<string, Values>;
  /** What a rerun takes over from an earlier execution. */
  reuse?: Reuse | undefined;
}

/** What wakes the executor up. */
type Message =
  | SlotMessage
  | { type: "retry_due" } // only wakes it up
  | { type: "cancel"; because: "request" | "timeout"; reason: string }
  | { type: "suspend"; error: FlowError };

/** After so long without a pause, timers, signals and sockets get their turn. */
const MAX_TURNS_MS = 8;

/** See the head of this file. To be used once. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #recorder: Recorder;
  readonly #inbox = new Inbox<Message>();
  readonly #slots: Slots;
  readonly #ledger: Ledger;
  /** Attempts that were announced in this turn. */
  #announced: { node: number; attempt: number }[] = [];
  #stop: Stop | undefined;
  #suspended: FlowError | undefined;
  #disarmDeadline: (() => void) | undefined;
  #pausedAt: number;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#recorder = options.recorder;
    this.#slots = new Slots({ ...options, cache: options.cache, send: (message) => this.#inbox.send(message) });
    this.#ledger = new Ledger({ ...options, onRetryDue: () => this.#inbox.send({ type: "retry_due" }) });
    this.#pausedAt = options.clock.monotonic();
  }

  /** Asks the execution to end as `cancelled`. */
  cancel(reason: string): void {
    this.#inbox.send({ type: "cancel", because: "request", reason });
  }

  /** Ends all that runs and leaves the execution as it is, to be resumed; `execute` rejects with `error`. */
  suspend(error: FlowError): void {
    this.#inbox.send({ type: "suspend", error });
  }

  /** Runs the execution to its end. Rejects only for the exceptions of E3. */
  async execute(): Promise<ExecutionResult> {
    this.#begin();
    for (const message of this.#inbox.takeNow()) this.#handle(message);
    try {
      do await this.#runRound(); while (this.#beginNextRound());
      await this.#slots.settled();
    } finally {
      this.#disarmDeadline?.();
      this.#ledger.stopRetryTimers();
    }
    return await this.#complete();
  }

  #begin(): void {
    const { prepared, clock, owner, reuse, restored } = this.#options;
    const { state } = this.#recorder;
    const isNew = state.status === "pending";
    this.#armDeadline(isNew ? clock.now() : state.started_at);
    if (isNew) {
      const { id, name, nodes } = prepared.workflow;
      const rerun = reuse === undefined ? {} : { rerun_of: reuse.execution_id };
      const body = { workflow_id: id, workflow_name: name, total_nodes: nodes.length, ...rerun };
      this.#recorder.record({ type: "WorkflowStarted", ...body });
      if (reuse !== undefined) this.#ledger.takeOver(reuse);
      return;
    }
    this.#recorder.record({ type: "WorkflowResumed", owner });
    this.#ledger.restore(restored ?? new Map());
    if (state.cancelling !== undefined) this.#cancelAll(state.cancelling);
    else if (this.#ledger.failure !== undefined) this.#applyOnError(this.#ledger.failure.node_id);
  }

  #armDeadline(startedAt: number): void {
    const { prepared, clock } = this.#options;
    const limitMs = prepared.workflow.settings.max_execution_time_ms;
    if (limitMs === null) return;
    const leftMs = Math.max(0, startedAt + limitMs - clock.now());
    const reason = `Cancelled because the execution exceeded ${limitMs} ms`;
    const onDeadline = () => this.#inbox.send({ type: "cancel", because: "timeout", reason });
    this.#disarmDeadline = clock.setTimer(leftMs, onDeadline);
  }

  async #runRound(): Promise<void> {
    for (;;) {
      this.#decideDue();
      this.#fillSlots();
      const flushed = this.#recorder.flush();
      if (flushed instanceof Promise) await flushed;
      this.#launch();
      if (this.#isIdle()) return;
      await this.#pause();
      for (const message of await this.#inbox.take()) this.#handle(message);
    }
  }

  #isIdle(): boolean {
    if (this.#slots.size > 0) return false;
    if (this.#suspended !== undefined || this.#stop !== undefined) return true;
    return !this.#ledger.hasRetrying && !this.#ledger.frontier.hasReady;
  }

  async #pause(): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#pausedAt < MAX_TURNS_MS) return;
    await clock.yield();
    this.#pausedAt = clock.monotonic();
  }

  #decideDue(): void {
    if (this.#stop !== undefined) return;
    const { frontier } = this.#ledger;
    for (let due = frontier.takeDue(); due !== undefined; due = frontier.takeDue()) {
      if (due.blame === undefined) frontier.makeReady(due.node);
      else this.#ledger.skip(due.node, due.blame);
    }
  }

  #fillSlots(): void {
    const { prepared, cache } = this.#options;
    while (this.#stop === undefined && this.#slots.size < prepared.workflow.settings.max_parallel_nodes) {
      const node = this.#ledger.frontier.takeReady();
      if (node === undefined) return;
      this.#slots.open(node);
      const { spec } = this.#ledger.node(node);
      if (cache === undefined || spec.cache === undefined) this.#announce(node);
      else this.#slots.lookUp(node, this.#ledger.node(node), this.#inputsOf(node));
    }
  }

  #announce(node: number): void {
    this.#announced.push({ node, attempt: this.#ledger.announce(node) });
  }

  /** Starts what the last append has announced (E2). */
  #launch(): void {
    if (this.#recorder.failure !== undefined) this.#onSuspend(this.#recorder.failure);
    const announced = this.#announced;
    this.#announced = [];
    for (const { node, attempt } of announced) {
      if (this.#suspended !== undefined) this.#slots.close(node);
      else this.#slots.run(node, this.#ledger.node(node), attempt, this.#inputsOf(node));
    }
  }

  #inputsOf(node: number): Values {
    const connected = this.#ledger.frontier.connectedInputs(node);
    return connected ?? selectInputs(this.#ledger.node(node).definition.inputs, this.#options.inputs);
  }

  #handle(message: Message): void {
    switch (message.type) {
      case "ended":
        return this.#onEnded(message.node, message.outcome, message.duration_ms);
      case "looked_up":
        return this.#onLookedUp(message.node, message.hit);
      case "cancel":
        return this.#onCancel(message.because, message.reason);
      case "suspend":
        return this.#onSuspend(message.error);
    }
  }

  #onEnded(node: number, outcome: AttemptOutcome, duration_ms: number): void {
    if ("outputs" in outcome) this.#slots.remember(node, this.#ledger.node(node), outcome.outputs);
    this.#slots.close(node);
    if (this.#suspended !== undefined) return;
    if ("outputs" in outcome) return this.#ledger.complete(node, outcome.outputs, duration_ms);
    if (this.#stop === undefined && this.#ledger.retry(node, outcome.error)) return;
    this.#ledger.fail(node, outcome.error.toInfo(), duration_ms);
    if (this.#ledger.failure !== undefined) this.#applyOnError(this.#ledger.failure.node_id);
  }

  #onLookedUp(node: number, hit: Values | undefined): void {
    if (this.#suspended !== undefined) return this.#slots.close(node);
    if (hit === undefined && this.#stop === undefined) return this.#announce(node);
    this.#slots.close(node);
    if (hit !== undefined) return this.#ledger.complete(node, hit, 0, { cached: true });
    if (this.#stop !== undefined) this.#ledger.skip(node, this.#stop.because);
  }

  #applyOnError(nodeId: string): void {
    const { on_error } = this.#options.prepared.workflow.settings;
    if (on_error === "ContinueOnError") return;
    const mayRetry = typeof on_error === "object" && this.#recorder.state.round < on_error.RetryWorkflow.max_attempts;
    this.#decideToStop({
      error: new FlowError("cancelled", `Cancelled because node "${nodeId}" failed`),
      because: { reason: "node_failed", node_id: nodeId },
      then: mayRetry ? "retry" : "failed",
    });
  }

  #onCancel(because: "request" | "timeout", reason: string): void {
    if (!this.#mayDecideToStop()) return;
    this.#recorder.record({ type: "WorkflowCancelling", because, reason });
    this.#cancelAll({ because, reason });
  }

  #cancelAll({ because, reason }: { because: "request" | "timeout"; reason: string }): void {
    const error = new FlowError("cancelled", reason);
    if (because === "timeout") this.#decideToStop({ error, because: { reason: "execution_timeout" }, then: "failed" });
    else this.#decideToStop({ error, because: { reason: "execution_cancelled" }, then: "cancelled" });
  }

  /** The first decision counts, except that nothing is retried after a later one. */
  #mayDecideToStop(): boolean {
    return this.#suspended === undefined && (this.#stop === undefined || this.#stop.then === "retry");
  }

  #decideToStop(stop: Stop): void {
    if (!this.#mayDecideToStop()) return;
    this.#stop = stop;
    this.#slots.abortAll(stop.error);
    if (stop.then !== "retry") this.#ledger.giveUpRest(stop.because, stop.error);
    else this.#ledger.stopRetryTimers();
  }

  #onSuspend(error: FlowError): void {
    if (this.#suspended !== undefined) return;
    this.#suspended = error;
    this.#slots.abortAll(error);
    this.#ledger.stopRetryTimers();
  }

  /** After a round that failed: begins with all nodes again if RetryWorkflow allows it. */
  #beginNextRound(): boolean {
    if (this.#stop?.then !== "retry" || this.#suspended !== undefined) return false;
    const error = this.#ledger.failure?.error ?? this.#stop.error.toInfo();
    this.#recorder.record({ type: "WorkflowRetrying", attempt: this.#recorder.state.round + 1, error });
    this.#ledger.reset();
    this.#stop = undefined;
    return true;
  }

  async #complete(): Promise<ExecutionResult> {
    const { state } = this.#recorder;
    if (this.#suspended === undefined) {
      const duration_ms = Math.max(0, this.#options.clock.now() - state.started_at);
      const limitMs = this.#options.prepared.workflow.settings.max_execution_time_ms;
      const verdict = judge(this.#stop, this.#ledger.failure, limitMs);
      const success = verdict.status === "succeeded";
      this.#recorder.record({ type: "WorkflowCompleted", success, duration_ms, ...verdict });
      await this.#recorder.flush();
    }
    const broken = this.#recorder.failure ?? this.#suspended;
    if (broken !== undefined) throw broken;
    return createResult(state, this.#ledger.frontier.finalOutputs());
  }
}
