/**
 * Runs one list of nodes, the main one or a handler's, in turns: take what has happened, decide, record all of it in one
 * append, then start what that append has made a fact. The invariants are the executor's.
 */
import type { AttemptOutcome } from "./dispatcher.ts";
import { FlowError } from "./errors.ts";
import type { HandlerName } from "./events.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { Inbox } from "./inbox.ts";
import { Ledger } from "./ledger.ts";
import { selectInputs } from "./node.ts";
import { Pacer } from "./pacer.ts";
import { withoutKeys } from "./plain.ts";
import { type Finding, needsPreflight } from "./preflight.ts";
import type { PreparedWorkflow } from "./prepare.ts";
import type { ReusedItem } from "./reuse.ts";
import { createScope, type ScopeSource } from "./scope.ts";
import { type SlotMessage, Slots, type SlotsOptions, type SlotWork } from "./slots.ts";
import type { Values } from "./value.ts";
import { neverThrough, type Stop, stopAfterFailure, stopBecauseOf } from "./verdict.ts";

/** What wakes a stage up. */
export type StageMessage =
  | SlotMessage
  | { type: "retry_due" }
  | { type: "cancel"; because: "request" | "timeout"; reason: string }
  | { type: "suspend"; error: FlowError };

/** What a stage works with. The recorder's state says what has happened already. */
export interface StageOptions extends Omit<SlotsOptions, "send"> {
  prepared: PreparedWorkflow;
  /** Where its messages come in; one stage at a time reads them. */
  inbox: Inbox<StageMessage>;
  /** Of the execution. */
  inputs: Values;
  /** Environment variables for expressions. */
  env: Values;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  /** The handler whose nodes these are. */
  handler?: HandlerName;
  /** What handlers know of the nodes before them. */
  before?: ScopeSource["before"];
  reusedItems?: ReadonlyMap<string, readonly ReusedItem[]> | undefined;
}

export class Stage {
  readonly ledger: Ledger;
  readonly #options: StageOptions;
  readonly #slots: Slots;
  readonly #pacer: Pacer;
  /** Attempts that this turn has announced. */
  #announced: { unit: number; attempt: number }[] = [];
  /** Units about which something has to be found out first. */
  #toCheck: number[] = [];
  #stop: Stop | undefined;
  #suspended: FlowError | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
    const send = (message: StageMessage) => options.inbox.send(message);
    this.#slots = new Slots({ ...options, send });
    this.ledger = new Ledger({
      ...options,
      onRetryDue: () => send({ type: "retry_due" }),
      onItemsStopped: (node, error) => this.#slots.abortAll(error, (unit) => this.#nodeOf(unit) !== node),
    });
    this.#pacer = new Pacer(options.clock);
  }

  /** The decision to start nothing more. */
  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Why all was ended, to be resumed. */
  get suspended(): FlowError | undefined {
    return this.#suspended;
  }

  /** Comes to the decisions again that follow from the journal. */
  decideAgain(): void {
    const { recorder: { state: { cancelling } }, handler } = this.#options;
    this.#applyFailure();
    if (cancelling !== undefined && cancelling.handler === handler) this.#decideToStop(stopBecauseOf(cancelling));
  }

  /** Runs to the end: nothing runs, and nothing more may start. */
  async run(): Promise<void> {
    for (const message of this.#options.inbox.takeNow()) this.#handle(message);
    try {
      do await this.#runRound(); while (this.#beginNextRound());
      await this.#slots.settled();
    } finally {
      this.ledger.retries.stopAll();
    }
  }

  async #runRound(): Promise<void> {
    for (;;) {
      this.#decideDue();
      this.#fillSlots();
      const flushed = this.#options.recorder.flush();
      if (flushed instanceof Promise) await flushed;
      this.#launch();
      if (this.#isIdle()) return;
      await this.#pacer.pause();
      for (const message of await this.#options.inbox.take()) this.#handle(message);
    }
  }

  #isIdle(): boolean {
    if (this.#slots.size > 0) return false;
    if (this.#suspended !== undefined || this.#stop?.then === "retry") return true;
    return this.ledger.retries.isEmpty && !this.ledger.hasReady;
  }

  #decideDue(): void {
    if (this.#stop?.then === "retry") return;
    const { frontier } = this.ledger;
    for (let node = frontier.takeDue(); node !== undefined; node = frontier.takeDue()) this.ledger.decide(node);
  }

  #fillSlots(): void {
    const { prepared, cache } = this.#options;
    while (
      this.#suspended === undefined && this.#stop?.then !== "retry" &&
      this.#slots.size < prepared.workflow.settings.max_parallel_nodes
    ) {
      const unit = this.ledger.takeReady();
      if (unit === undefined) return;
      this.#slots.open(unit);
      if (needsPreflight(this.ledger.node(unit), this.#nodeOf(unit) !== unit, cache)) this.#toCheck.push(unit);
      else this.#announce(unit);
    }
  }

  #announce(unit: number): void {
    this.#announced.push({ unit, attempt: this.ledger.announce(unit) });
  }

  /** Starts what the last append has announced (E2). */
  #launch(): void {
    if (this.#options.recorder.failure !== undefined) this.#onSuspend(this.#options.recorder.failure);
    const [announced, toCheck] = [this.#announced, this.#toCheck];
    [this.#announced, this.#toCheck] = [[], []];
    for (const { unit, attempt } of announced) {
      if (this.#suspended !== undefined) this.#slots.close(unit);
      else this.#slots.run(unit, attempt, this.#workOf(unit, attempt));
    }
    for (const unit of toCheck) {
      if (this.#suspended !== undefined) this.#slots.close(unit);
      else this.#slots.check(unit, this.#workOf(unit));
    }
  }

  #workOf(unit: number, attempt?: number): SlotWork {
    return {
      node: this.ledger.node(unit),
      subject: this.ledger.roster.subject(unit),
      inputs: this.#inputsOf(unit),
      scope: () => this.scope(unit, attempt),
      turn: () => this.ledger.turnOf(unit),
    };
  }

  /** What expressions see: those of a unit, or those about the execution as a whole. */
  scope(unit?: number, attempt?: number): ExpressionScope {
    const { prepared, inputs, env, before, recorder } = this.#options;
    const { frontier } = this.ledger;
    const { workflow, secrets } = prepared;
    const source = { workflow, inputs, env, secrets: secrets?.values, state: recorder.state, frontier, before };
    return createScope(source, { attempt, ...(unit === undefined ? {} : this.ledger.itemOf(unit)) });
  }

  #nodeOf(unit: number): number {
    return this.ledger.roster.units.nodeOf(unit);
  }

  #inputsOf(unit: number): Values {
    const connected = this.ledger.frontier.connectedInputs(this.#nodeOf(unit));
    if (connected !== undefined || this.#options.handler !== undefined) return connected ?? {};
    const { definition, spec: { inputs: given } } = this.ledger.node(unit);
    const inputs = selectInputs(definition.inputs, this.#options.inputs);
    // What stands in the document wins over what the execution was given.
    return given === undefined ? inputs : withoutKeys(inputs, given);
  }

  #handle(message: StageMessage): void {
    switch (message.type) {
      case "ended":
        return this.#onEnded(message);
      case "checked":
        return this.#onChecked(message.unit, message.finding);
      case "cancel":
        return this.#onCancel(message.because, message.reason);
      case "suspend":
        return this.#onSuspend(message.error);
    }
  }

  #onEnded({ unit, outcome, duration_ms, again }: Extract<SlotMessage, { type: "ended" }>): void {
    const isThrough = "outputs" in outcome && !again;
    if (isThrough) this.#slots.remember(unit, this.ledger.node(unit), outcome.outputs);
    const abortedFor = this.#slots.close(unit);
    if (this.#suspended !== undefined) return;
    if (isThrough) this.ledger.complete(unit, outcome.outputs, duration_ms);
    else if (abortedFor !== undefined || !this.#runAgain(unit, outcome)) {
      const error = "outputs" in outcome ? abortedFor ?? this.#notThrough(unit) : outcome.error;
      this.ledger.fail(unit, error.toInfo(), duration_ms);
    }
    this.#applyFailure();
  }

  #runAgain(unit: number, outcome: AttemptOutcome): boolean {
    if (this.#stop?.then === "retry") return false;
    const { retries } = this.ledger;
    return "outputs" in outcome ? retries.repeat(unit) : retries.retry(unit, outcome.error);
  }

  #notThrough(unit: number): FlowError {
    return this.#stop?.then === "retry" ? this.#stop.error : neverThrough(this.ledger.node(unit).spec.repeat);
  }

  #onChecked(unit: number, finding: Finding): void {
    if (finding.found === "nothing" && this.#mayStart(unit)) return this.#announce(unit);
    this.#slots.close(unit);
    if (this.#suspended !== undefined) return;
    if (finding.found === "cached") this.ledger.complete(unit, finding.outputs, 0, { cached: true });
    else if (finding.found === "unwanted") this.ledger.skip(unit, { reason: "condition" });
    else if (finding.found === "error") this.ledger.fail(unit, finding.error.toInfo(), 0);
    else if (finding.found === "items" && this.#mayStart(unit)) this.ledger.expand(unit, finding.items);
    else this.ledger.abandon(unit, this.#stop);
    this.#applyFailure();
  }

  #mayStart(unit: number): boolean {
    if (this.#suspended !== undefined || this.ledger.isStopped(unit)) return false;
    return this.#stop === undefined || (this.#stop.then !== "retry" && this.#isSpared(unit, this.#stop));
  }

  /** Nodes that are there for failures run after one. */
  #isSpared(unit: number, stop: Stop): boolean {
    return stop.because.reason === "node_failed" && this.ledger.isCleanup(unit);
  }

  #applyFailure(): void {
    const { failure } = this.ledger;
    if (failure === undefined) return;
    const { prepared: { workflow }, recorder } = this.#options;
    const stop = stopAfterFailure(workflow.settings, failure.node_id, recorder.state.round);
    if (stop !== undefined) this.#decideToStop(stop);
  }

  /** Handlers have their own time limits, and go on after the cancel that has brought them about. */
  #onCancel(because: "request" | "timeout", reason: string): void {
    const { recorder, handler } = this.#options;
    if (!this.#mayDecideToStop()) return;
    if (handler !== undefined && (because === "timeout" || recorder.state.cancelling?.because === "request")) return;
    recorder.record({ type: "WorkflowCancelling", because, reason, ...(handler && { handler }) });
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
    const spared = (unit: number) => this.#isSpared(unit, stop);
    this.#slots.abortAll(stop.error, spared);
    if (stop.then === "retry") {
      this.ledger.stopItems(stop.error);
      this.ledger.retries.stopAll();
    } else this.ledger.giveUpRest(stop.because, stop.error, spared);
  }

  #onSuspend(error: FlowError): void {
    if (this.#suspended !== undefined) return;
    this.#suspended = error;
    this.#slots.abortAll(error);
    this.ledger.retries.stopAll();
  }

  /** After a round that failed: begins with all nodes again if RetryWorkflow allows it. */
  #beginNextRound(): boolean {
    if (this.#stop?.then !== "retry" || this.#suspended !== undefined) return false;
    const { recorder } = this.#options;
    const error = this.ledger.failure?.error ?? this.#stop.error.toInfo();
    recorder.record({ type: "WorkflowRetrying", attempt: recorder.state.round + 1, error });
    this.ledger.reset();
    this.#stop = undefined;
    return true;
  }
}
