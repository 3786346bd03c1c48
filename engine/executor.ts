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
 *   E6. After the decision to stop no attempt starts, but of nodes that are there for failures (`run_if`). The decision
 *       is a function of the journal (a failed node, or WorkflowCancelling), so a resumed execution comes to the same.
 */
import { closeAtEnd, type Closer } from "./cleanup.ts";
import type { AttemptOutcome } from "./dispatcher.ts";
import { FlowError } from "./errors.ts";
import { evaluateOutputs } from "./execution_outputs.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { Inbox } from "./inbox.ts";
import { Ledger, type Reuse } from "./ledger.ts";
import { selectInputs } from "./node.ts";
import { Pacer } from "./pacer.ts";
import { type Finding, needsPreflight } from "./preflight.ts";
import type { PreparedWorkflow } from "./prepare.ts";
import type { Recorder } from "./recorder.ts";
import { createScope } from "./scope.ts";
import { type SlotMessage, Slots, type SlotsOptions } from "./slots.ts";
import type { Values } from "./value.ts";
import { createResult, type ExecutionResult, judge, type Stop, stopAfterFailure, stopBecauseOf } from "./verdict.ts";

/** What an executor works with. The recorder's state says where to begin: at the start, or where a journal ends. */
export interface ExecutorOptions extends Omit<SlotsOptions, "send">, Closer {
  prepared: PreparedWorkflow;
  inputs: Values;
  /** Environment variables for expressions. */
  env: Values;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  /** Who drives it, for the journal. */
  owner: string;
  /** Outputs of finished nodes that others may still read, by node id; when resuming. */
  restored?: ReadonlyMap<string, Values>;
  /** What a rerun takes over from an earlier execution. */
  reuse?: Reuse | undefined;
}

/** What wakes an executor up. */
type Message =
  | SlotMessage
  | { type: "retry_due" }
  | { type: "cancel"; because: "request" | "timeout"; reason: string }
  | { type: "suspend"; error: FlowError };

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #recorder: Recorder;
  readonly #inbox = new Inbox<Message>();
  readonly #slots: Slots;
  readonly #ledger: Ledger;
  /** Attempts that were announced in this turn. */
  #announced: { node: number; attempt: number }[] = [];
  /** Nodes about which something has to be found out first, once this turn is durable. */
  #toCheck: number[] = [];
  #stop: Stop | undefined;
  #suspended: FlowError | undefined;
  #disarmDeadline: (() => void) | undefined;
  readonly #pacer: Pacer;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#recorder = options.recorder;
    this.#slots = new Slots({ ...options, send: (message) => this.#inbox.send(message) });
    this.#ledger = new Ledger({ ...options, onRetryDue: () => this.#inbox.send({ type: "retry_due" }) });
    this.#pacer = new Pacer(options.clock);
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
  async execute(): Promise<ExecutionResult<Values>> {
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
    const { clock, owner, reuse, restored } = this.#options;
    const { state } = this.#recorder;
    const isNew = state.status === "pending";
    this.#armDeadline(isNew ? clock.now() : state.started_at);
    if (isNew) return this.#ledger.start(reuse);
    this.#ledger.restore(owner, restored ?? new Map());
    if (this.#ledger.failure !== undefined) this.#applyOnError(this.#ledger.failure.node_id);
    if (state.cancelling !== undefined) this.#decideToStop(stopBecauseOf(state.cancelling));
  }

  #armDeadline(startedAt: number): void {
    const { prepared, clock } = this.#options;
    const limitMs = prepared.workflow.settings.max_execution_time_ms;
    if (limitMs === null) return;
    const reason = `Cancelled because the execution exceeded ${limitMs} ms`;
    const onDue = () => this.#inbox.send({ type: "cancel", because: "timeout", reason });
    this.#disarmDeadline = clock.setTimer(Math.max(0, startedAt + limitMs - clock.now()), onDue);
  }

  async #runRound(): Promise<void> {
    for (;;) {
      this.#decideDue();
      this.#fillSlots();
      const flushed = this.#recorder.flush();
      if (flushed instanceof Promise) await flushed;
      this.#launch();
      if (this.#isIdle()) return;
      await this.#pacer.pause();
      for (const message of await this.#inbox.take()) this.#handle(message);
    }
  }

  #isIdle(): boolean {
    if (this.#slots.size > 0) return false;
    if (this.#suspended !== undefined || this.#stop?.then === "retry") return true;
    return !this.#ledger.hasRetrying && !this.#ledger.frontier.hasReady;
  }

  #decideDue(): void {
    if (this.#stop?.then === "retry") return;
    const { frontier } = this.#ledger;
    for (let node = frontier.takeDue(); node !== undefined; node = frontier.takeDue()) this.#ledger.decide(node);
  }

  #fillSlots(): void {
    const { prepared, cache } = this.#options;
    while (
      this.#suspended === undefined && this.#stop?.then !== "retry" &&
      this.#slots.size < prepared.workflow.settings.max_parallel_nodes
    ) {
      const node = this.#ledger.frontier.takeReady();
      if (node === undefined) return;
      this.#slots.open(node);
      if (needsPreflight(this.#ledger.node(node), cache)) this.#toCheck.push(node);
      else this.#announce(node);
    }
  }

  #announce(node: number): void {
    this.#announced.push({ node, attempt: this.#ledger.announce(node) });
  }

  /** Starts what the last append has announced (E2). */
  #launch(): void {
    if (this.#recorder.failure !== undefined) this.#onSuspend(this.#recorder.failure);
    const [announced, toCheck] = [this.#announced, this.#toCheck];
    [this.#announced, this.#toCheck] = [[], []];
    for (const { node, attempt } of announced) {
      if (this.#suspended !== undefined) this.#slots.close(node);
      else this.#slots.run(node, this.#ledger.node(node), attempt, this.#inputsOf(node), () => this.#scope(attempt));
    }
    for (const node of toCheck) {
      if (this.#suspended !== undefined) this.#slots.close(node);
      else this.#slots.check(node, this.#ledger.node(node), this.#inputsOf(node), () => this.#scope());
    }
  }

  #scope(attempt?: number): ExpressionScope {
    const { prepared, inputs, env } = this.#options;
    const { workflow, secrets: { values: secrets } = {} } = prepared;
    const { frontier } = this.#ledger;
    return createScope({ workflow, inputs, env, secrets, state: this.#recorder.state, frontier }, attempt);
  }

  #inputsOf(node: number): Values {
    const connected = this.#ledger.frontier.connectedInputs(node);
    return connected ?? selectInputs(this.#ledger.node(node).definition.inputs, this.#options.inputs);
  }

  #handle(message: Message): void {
    switch (message.type) {
      case "ended":
        return this.#onEnded(message.node, message.outcome, message.duration_ms);
      case "checked":
        return this.#onChecked(message.node, message.finding);
      case "cancel":
        return this.#onCancel(message.because, message.reason);
      case "suspend":
        return this.#onSuspend(message.error);
    }
  }

  #onEnded(node: number, outcome: AttemptOutcome, duration_ms: number): void {
    if ("outputs" in outcome) this.#slots.remember(node, this.#ledger.node(node), outcome.outputs);
    const wasAborted = this.#slots.close(node);
    if (this.#suspended !== undefined) return;
    if ("outputs" in outcome) return this.#ledger.complete(node, outcome.outputs, duration_ms);
    if (!wasAborted && this.#ledger.retry(node, outcome.error)) return;
    this.#onFailed(node, outcome.error, duration_ms);
  }

  #onChecked(node: number, finding: Finding): void {
    if (finding.found === "nothing" && this.#mayStart(node)) return this.#announce(node);
    this.#slots.close(node);
    if (this.#suspended !== undefined) return;
    if (finding.found === "cached") return this.#ledger.complete(node, finding.outputs, 0, { cached: true });
    if (finding.found === "unwanted") return this.#ledger.skip(node, { reason: "condition" });
    if (finding.found === "error") return this.#onFailed(node, finding.error, 0);
    if (this.#stop !== undefined) this.#ledger.skip(node, this.#stop.because);
  }

  #mayStart(node: number): boolean {
    if (this.#suspended !== undefined) return false;
    return this.#stop === undefined || (this.#stop.then !== "retry" && this.#isSpared(node, this.#stop));
  }

  /** Nodes that are there for failures run after one. */
  #isSpared(node: number, stop: Stop): boolean {
    return stop.because.reason === "node_failed" && this.#ledger.isCleanup(node);
  }

  #onFailed(node: number, error: FlowError, duration_ms: number): void {
    this.#ledger.fail(node, error.toInfo(), duration_ms);
    if (this.#ledger.failure !== undefined) this.#applyOnError(this.#ledger.failure.node_id);
  }

  #applyOnError(nodeId: string): void {
    const stop = stopAfterFailure(this.#options.prepared.workflow.settings, nodeId, this.#recorder.state.round);
    if (stop !== undefined) this.#decideToStop(stop);
  }

  #onCancel(because: "request" | "timeout", reason: string): void {
    if (!this.#mayDecideToStop()) return;
    this.#recorder.record({ type: "WorkflowCancelling", because, reason });
    this.#decideToStop(stopBecauseOf({ because, reason }));
  }

  /** A failure stops what runs once; a cancel or the deadline after it also stops what is there for failures. */
  #mayDecideToStop(): boolean {
    return this.#suspended === undefined && (this.#stop === undefined || this.#stop.because.reason === "node_failed");
  }

  /** What has failed stays failed, whatever ends it in the end; only a retry that was still to come is off. */
  #decideToStop(stop: Stop): void {
    const isLater = this.#stop !== undefined;
    if (!this.#mayDecideToStop() || (isLater && stop.because.reason === "node_failed")) return;
    this.#stop = this.#stop?.then === "failed" ? { ...stop, then: "failed" } : stop;
    const spared = (node: number) => this.#isSpared(node, stop);
    this.#slots.abortAll(stop.error, spared);
    if (stop.then === "retry") this.#ledger.stopRetryTimers();
    else this.#ledger.giveUpRest(stop.because, stop.error, spared);
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

  async #complete(): Promise<ExecutionResult<Values>> {
    const { state } = this.#recorder;
    if (this.#suspended === undefined) {
      await closeAtEnd(this.#options);
      const limitMs = this.#options.prepared.workflow.settings.max_execution_time_ms;
      const verdict = judge(this.#stop, this.#ledger.failure, limitMs);
      const ending = await evaluateOutputs(this.#options.prepared, () => this.#scope(), verdict);
      const success = ending.status === "succeeded";
      const duration_ms = Math.max(0, this.#options.clock.now() - state.started_at);
      this.#recorder.record({ type: "WorkflowCompleted", success, duration_ms, ...ending });
      await this.#recorder.flush();
    }
    const broken = this.#recorder.failure ?? this.#suspended;
    if (broken !== undefined) throw broken;
    return createResult(state, state.outputs ?? this.#ledger.frontier.finalOutputs());
  }
}
