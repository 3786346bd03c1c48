/**
 * What has become of the nodes of one execution, and of their items: each method records one fact and moves the frontier
 * accordingly, so that the two never disagree. A unit is a node or an item of one; see `Units`.
 */
import type { Clock } from "./clock.ts";
import { type ErrorInfo, FlowError } from "./errors.ts";
import { type HandlerName, isSkipByChoice, type SkipReason } from "./events.ts";
import { blameItem, FanOut, WITH_OTHERS } from "./fan_out.ts";
import { Frontier, type Phase } from "./frontier.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import { ReadyLine } from "./ready_line.ts";
import type { Recorder } from "./recorder.ts";
import { Retries } from "./retries.ts";
import { type ReusedItem, takeReusedItems } from "./reuse.ts";
import { Roster } from "./roster.ts";
import type { Units } from "./units.ts";
import type { Value, Values } from "./value.ts";
import { blameOn, type Failure, type Stop } from "./verdict.ts";

/** What a ledger works with. */
export interface LedgerOptions {
  prepared: PreparedWorkflow;
  recorder: Recorder;
  clock: Clock;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  /** The handler whose nodes these are. */
  handler?: HandlerName | undefined;
  /** Items that need not run again, by node id. */
  reusedItems?: ReadonlyMap<string, readonly ReusedItem[]> | undefined;
  /** The delay of a retry has passed: the unit is ready again. */
  onRetryDue(): void;
  /** What runs of a node's items has to end. */
  onItemsStopped(node: number, error: FlowError): void;
}

/** Where outputs come from, unless an attempt has just made them. */
type Origin = { cached?: true; reused_from?: string; failed_items?: number };

export class Ledger {
  readonly roster: Roster;
  readonly retries: Retries;
  readonly #units: Units;
  readonly #options: LedgerOptions;
  readonly #recorder: Recorder;
  readonly #fanOuts = new Map<number, FanOut>();
  #line = new ReadyLine();
  frontier: Frontier;
  /** Of this round. */
  failure: Failure | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#recorder = options.recorder;
    this.roster = new Roster(options.prepared, options.recorder.state, options.handler);
    this.#units = this.roster.units;
    this.frontier = new Frontier(options.prepared);
    this.retries = new Retries({
      ...options,
      roster: this.roster,
      onPause: (unit) => this.#setPhase(unit, "retrying"),
      onDue: (unit) => {
        this.makeReady(unit);
        options.onRetryDue();
      },
    });
  }

  node(unit: number): PreparedNode {
    return this.roster.node(unit);
  }

  /** What an item is about; undefined for whole nodes. */
  itemOf(unit: number): { item: Value; index: number } | undefined {
    const index = this.#units.indexOf(unit);
    return index === undefined ? undefined : { item: this.#fanOutOf(unit)?.items[index] ?? null, index };
  }

  /** Names what an attempt is about: the same for those that only repeat it because it was cut off. */
  turnOf(unit: number): string {
    const { repetitions = 0, failures = 0 } = this.roster.state(unit) ?? {};
    return `${this.#recorder.state.round}.${repetitions}.${failures}`;
  }

  /** Begins with all nodes waiting, as a new round of a workflow that is retried does. */
  reset(): void {
    this.retries.stopAll();
    this.#fanOuts.clear();
    this.#line = new ReadyLine();
    this.frontier = new Frontier(this.#options.prepared);
    this.failure = undefined;
  }

  get hasReady(): boolean {
    return !this.#line.isEmpty;
  }

  /** Puts a unit into the line for a slot. */
  makeReady(unit: number): void {
    this.#setPhase(unit, "ready");
    this.#line.push(unit);
  }

  /** Takes the unit that has been in the line for longest; it is `running` from now on. */
  takeReady(): number | undefined {
    for (let unit = this.#line.take(); unit !== undefined; unit = this.#line.take()) {
      // It may have been given up since it got into the line.
      if (this.#phase(unit) !== "ready") continue;
      this.#setPhase(unit, "running");
      return unit;
    }
    return undefined;
  }

  /** Skips a node that is due, or puts it into the line for a slot. */
  decide(node: number): void {
    const { spec, required } = this.node(node);
    const obstacle = this.frontier.findObstacle(node, spec.run_if ?? "success", required);
    if (obstacle === undefined) this.makeReady(node);
    else this.skip(node, obstacle);
  }

  /** Whether a node is there for the case that others fail. */
  isCleanup(unit: number): boolean {
    const { run_if } = this.node(unit).spec;
    return run_if === "failure" || run_if === "always";
  }

  /** Records the start of the next attempt and answers its number. */
  announce(unit: number): number {
    const attempt = (this.roster.state(unit)?.attempt ?? (this.#fanOutOf(unit)?.attempt ?? 1) - 1) + 1;
    const { node_type } = this.node(unit).spec;
    this.#recorder.record({ type: "NodeStarted", ...this.roster.subject(unit), node_type, attempt });
    return attempt;
  }

  /** Begins to run a node once per item. */
  expand(node: number, items: readonly Value[]): void {
    const attempt = this.announce(node);
    this.#recorder.record({ type: "NodeExpanded", ...this.roster.subject(node), items: [...items] });
    const fanOut = this.openFanOut(node, items, attempt);
    const { id } = this.node(node).spec;
    for (const { index, outputs, reused_from } of takeReusedItems(items, this.#options.reusedItems?.get(id))) {
      this.#recordCompleted(this.#units.item(node, index), outputs, 0, { reused_from });
      fanOut.setPhase(index, "ready");
      fanOut.succeed(index, outputs);
    }
    this.advance(node);
  }

  /** Keeps the books of a node's items from now on. */
  openFanOut(node: number, items: readonly Value[], attempt: number): FanOut {
    const { prepared } = this.#options;
    const maxParallel = this.node(node).spec.map?.max_parallel ?? prepared.workflow.settings.max_parallel_nodes;
    const fanOut = new FanOut(items, attempt, maxParallel);
    this.#fanOuts.set(node, fanOut);
    return fanOut;
  }

  /** Lets further items of a node begin, and ends the node if none is left. */
  advance(node: number): void {
    const fanOut = this.#fanOuts.get(node);
    if (fanOut === undefined) return;
    for (let index = fanOut.takeNext(); index !== undefined; index = fanOut.takeNext()) {
      this.#line.push(this.#units.item(node, index));
    }
    if (!fanOut.isDone) return;
    this.#fanOuts.delete(node);
    const now = this.#options.clock.now();
    const duration_ms = Math.max(0, now - (this.roster.state(node)?.at ?? now));
    if (fanOut.failure !== undefined) return this.fail(node, fanOut.failure, duration_ms);
    const outputs = fanOut.collectOutputs(this.node(node));
    this.complete(node, outputs, duration_ms, fanOut.failed === 0 ? {} : { failed_items: fanOut.failed });
  }

  complete(unit: number, outputs: Values, duration_ms: number, from: Origin = {}): void {
    this.#recordCompleted(unit, outputs, duration_ms, from);
    const index = this.#units.indexOf(unit);
    if (index === undefined) return this.frontier.succeed(unit, outputs);
    this.#fanOutOf(unit)?.succeed(index, outputs);
    this.advance(this.#units.nodeOf(unit));
  }

  #recordCompleted(unit: number, outputs: Values, duration_ms: number, from: Origin): void {
    this.#recorder.record({ type: "NodeCompleted", ...this.roster.subject(unit), outputs, duration_ms, ...from });
  }

  fail(unit: number, error: ErrorInfo, duration_ms: number): void {
    const { id: node_id, continue_on_error } = this.node(unit).spec;
    const index = this.#units.indexOf(unit);
    const isCancelled = error.code === "cancelled";
    const tolerated = continue_on_error === true && !isCancelled && index === undefined;
    const event = { type: "NodeFailed", ...this.roster.subject(unit), error, duration_ms } as const;
    this.#recorder.record(tolerated ? { ...event, tolerated } : event);
    if (index !== undefined) {
      this.noteFailedItem(this.#units.nodeOf(unit), index, error);
      return this.advance(this.#units.nodeOf(unit));
    }
    if (tolerated) return this.frontier.tolerate(unit);
    if (!isCancelled) this.failure ??= { node_id, error };
    this.frontier.giveUp(unit, blameOn(node_id, isCancelled ? "cancelled" : "failed"), "failed");
  }

  /** What follows from the failure of an item, which is in the journal. */
  noteFailedItem(node: number, index: number, error?: ErrorInfo): void {
    const fanOut = this.#fanOuts.get(node);
    fanOut?.fail(index);
    if (fanOut === undefined || fanOut.isStopped) return;
    const cause = error ?? new FlowError("node_failed", "failed").toInfo();
    // Nobody cancels one item alone: its node was about to end.
    if (cause.code !== "cancelled" && this.node(node).spec.map?.on_error === "continue") return;
    const { whole, reason } = blameItem(index, cause);
    this.#stopItems(node, fanOut, whole, reason);
    this.#options.onItemsStopped(node, reason);
  }

  /** Lets no further item begin, because a new round will: what runs of a node is the last of it. */
  stopItems(error: FlowError): void {
    for (const [node, fanOut] of this.#fanOuts) {
      this.#stopItems(node, fanOut, error.toInfo(), error);
      this.advance(node);
    }
  }

  /** Ends the items that do not run; the node fails with `whole` as soon as none of them runs any more. */
  #stopItems(node: number, fanOut: FanOut, whole: ErrorInfo, error: FlowError): void {
    fanOut.stop(whole);
    for (const phase of ["ready", "retrying"] as const) {
      for (const index of fanOut.inPhase(phase)) {
        const unit = this.#units.item(node, index);
        this.retries.stop(unit);
        if (this.hasTried(unit)) this.fail(unit, error.toInfo(), 0);
        else fanOut.drop(index);
      }
    }
  }

  /** Whether a unit is an item of a node that is about to fail. */
  isStopped(unit: number): boolean {
    return this.#units.indexOf(unit) !== undefined && this.#fanOutOf(unit)?.isStopped !== false;
  }

  /** Ends a unit that was about to start when the execution, or the other items of its node, stopped. */
  abandon(unit: number, stop: Stop | undefined): void {
    const index = this.#units.indexOf(unit);
    if (index === undefined) return stop === undefined ? undefined : this.skip(unit, stop.because);
    if (this.hasTried(unit)) return this.fail(unit, stop?.error.toInfo() ?? WITH_OTHERS, 0);
    this.#fanOutOf(unit)?.drop(index);
    this.advance(this.#units.nodeOf(unit));
  }

  skip(node: number, because: SkipReason): void {
    this.#recorder.record({ type: "NodeSkipped", ...this.roster.subject(node), because });
    this.leaveOut(node, because);
  }

  leaveOut(node: number, because: SkipReason): void {
    if (isSkipByChoice(because)) this.frontier.leaveOut(node);
    else this.frontier.giveUp(node, because, "skipped");
  }

  /** Ends every node that has not begun or waits for a retry, because the execution stops; but not those `spared`. */
  giveUpRest(because: SkipReason, error: FlowError, spared: (unit: number) => boolean): void {
    for (const node of this.frontier.graph.order) {
      const phase = this.frontier.phase(node);
      const fanOut = this.#fanOuts.get(node);
      if (phase === "finished" || (phase === "running" && fanOut === undefined) || spared(node)) continue;
      this.retries.stop(node);
      if (fanOut !== undefined) {
        this.#stopItems(node, fanOut, error.toInfo(), error);
        this.advance(node);
      } else if (phase === "retrying" || this.hasTried(node)) this.fail(node, error.toInfo(), 0);
      else this.skip(node, because);
    }
  }

  /** Whether a unit that does not run now has run in this round: it waited for a retry, or was cut off. */
  hasTried(unit: number): boolean {
    const status = this.roster.state(unit)?.status;
    return status === "retrying" || status === "running";
  }

  #fanOutOf(unit: number): FanOut | undefined {
    return this.#fanOuts.get(this.#units.nodeOf(unit));
  }

  #phase(unit: number): Phase {
    const index = this.#units.indexOf(unit);
    return index === undefined ? this.frontier.phase(unit) : this.#fanOutOf(unit)?.phase(index) ?? "finished";
  }

  #setPhase(unit: number, phase: Exclude<Phase, "waiting" | "finished">): void {
    const index = this.#units.indexOf(unit);
    if (index === undefined) this.frontier.setPhase(unit, phase);
    else this.#fanOutOf(unit)?.setPhase(index, phase);
  }
}
