/**
 * What has become of the nodes of one execution: each method records one fact and moves the frontier accordingly, so
 * that the two never disagree.
 */
import type { Clock } from "./clock.ts";
import { type ErrorInfo, FlowError } from "./errors.ts";
import { isSkipByChoice, type SkipReason } from "./events.ts";
import { Frontier } from "./frontier.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import type { Recorder } from "./recorder.ts";
import { mayRetry, retryDelay } from "./retry.ts";
import type { NodeState, NodeStatus } from "./state.ts";
import type { Values } from "./value.ts";

/** What a ledger works with. */
export interface LedgerOptions {
  prepared: PreparedWorkflow;
  recorder: Recorder;
  clock: Clock;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  /** The delay of a retry has passed: the node is ready again. */
  onRetryDue(): void;
}

/** The first node that failed for good. */
export interface Failure {
  node_id: string;
  error: ErrorInfo;
}

/** What a rerun does not run again. */
export interface Reuse {
  /** The execution that is rerun. */
  execution_id: string;
  outputs: ReadonlyMap<string, Values>;
  /** Nodes that are left out. */
  skip: ReadonlyMap<string, SkipReason>;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #recorder: Recorder;
  readonly #retryTimers = new Map<number, () => void>();
  frontier: Frontier;
  /** Of this round. */
  failure: Failure | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#recorder = options.recorder;
    this.frontier = new Frontier(options.prepared);
  }

  node(index: number): PreparedNode {
    const node = this.#options.prepared.nodes[index];
    if (node === undefined) throw new FlowError("internal", `No node has the index ${index}`);
    return node;
  }

  /** Whether a node waits for the delay of its retry. */
  get hasRetrying(): boolean {
    return this.#retryTimers.size > 0;
  }

  /** Begins with all nodes waiting, as a new round of a workflow that is retried does. */
  reset(): void {
    this.stopRetryTimers();
    this.frontier = new Frontier(this.#options.prepared);
    this.failure = undefined;
  }

  #stopRetryTimer(index: number): void {
    this.#retryTimers.get(index)?.();
    this.#retryTimers.delete(index);
  }

  stopRetryTimers(): void {
    for (const stop of this.#retryTimers.values()) stop();
    this.#retryTimers.clear();
  }

  /** Records the start of the next attempt and answers its number. */
  announce(index: number): number {
    const { id, node_type } = this.node(index).spec;
    const attempt = (this.#recorder.state.nodes.get(id)?.attempt ?? 0) + 1;
    this.#recorder.record({ type: "NodeStarted", node_id: id, node_type, attempt });
    return attempt;
  }

  complete(
    index: number,
    outputs: Values,
    duration_ms: number,
    from: { cached?: true; reused_from?: string } = {},
  ): void {
    const node_id = this.node(index).spec.id;
    this.#recorder.record({ type: "NodeCompleted", node_id, outputs, duration_ms, ...from });
    this.frontier.succeed(index, outputs);
  }

  fail(index: number, error: ErrorInfo, duration_ms: number): void {
    const { id: node_id, continue_on_error } = this.node(index).spec;
    const isCancelled = error.code === "cancelled";
    const tolerated = continue_on_error === true && !isCancelled;
    const event = { type: "NodeFailed", node_id, error, duration_ms } as const;
    this.#recorder.record(tolerated ? { ...event, tolerated } : event);
    if (tolerated) return this.frontier.tolerate(index);
    if (!isCancelled) this.failure ??= { node_id, error };
    this.frontier.giveUp(index, blameOn(node_id, isCancelled ? "cancelled" : "failed"), "failed");
  }

  skip(index: number, because: SkipReason): void {
    this.#recorder.record({ type: "NodeSkipped", node_id: this.node(index).spec.id, because });
    this.#leaveOut(index, because);
  }

  #leaveOut(index: number, because: SkipReason): void {
    if (isSkipByChoice(because)) this.frontier.leaveOut(index);
    else this.frontier.giveUp(index, because, "skipped");
  }

  /** Skips a node that is due, or puts it into the line for a slot. */
  decide(index: number): void {
    const { spec, required } = this.node(index);
    const obstacle = this.frontier.findObstacle(index, spec.run_if ?? "success", required);
    if (obstacle === undefined) this.frontier.makeReady(index);
    else this.skip(index, obstacle);
  }

  /** Whether a node is there for the case that others fail. */
  isCleanup(index: number): boolean {
    const { run_if } = this.node(index).spec;
    return run_if === "failure" || run_if === "always";
  }

  /** Plans another attempt if the node's policy allows one after `error`; otherwise answers false. */
  retry(index: number, error: FlowError): boolean {
    const { id, retry_policy } = this.node(index).spec;
    const { attempt = 1, failures = 0 } = this.#recorder.state.nodes.get(id) ?? {};
    if (retry_policy === undefined || !mayRetry(retry_policy, failures + 1, error)) return false;
    const delay_ms = retryDelay(retry_policy, failures + 1, this.#options.random);
    this.#recorder.record({ type: "NodeRetrying", node_id: id, attempt, delay_ms, error: error.toInfo() });
    this.#retryLater(index, delay_ms);
    return true;
  }

  /** Ends every node that has not begun or waits for a retry, because the execution stops; but not those `spared`. */
  giveUpRest(because: SkipReason, error: FlowError, spared: (index: number) => boolean): void {
    for (const index of this.frontier.graph.order) {
      const phase = this.frontier.phase(index);
      if (phase === "running" || phase === "finished" || spared(index)) continue;
      this.#stopRetryTimer(index);
      if (phase === "retrying" || this.#hasTried(index)) this.fail(index, error.toInfo(), 0);
      else this.skip(index, because);
    }
  }

  /** Whether a node that does not run now has run in this round: it waited for a retry, or was cut off. */
  #hasTried(index: number): boolean {
    const status = this.#recorder.state.nodes.get(this.node(index).spec.id)?.status;
    return status === "retrying" || status === "running";
  }

  /** Begins an execution, with what a rerun takes over from an earlier one. */
  start(reuse: Reuse | undefined): void {
    const { id, name, nodes } = this.#options.prepared.workflow;
    const body = { workflow_id: id, workflow_name: name, total_nodes: nodes.length };
    const rerun = reuse === undefined ? {} : { rerun_of: reuse.execution_id };
    this.#recorder.record({ type: "WorkflowStarted", ...body, ...rerun });
    if (reuse !== undefined) this.#takeOver(reuse);
  }

  /** Takes over from an executor that is gone. `restored` holds outputs that are still to be read, by node id. */
  restore(owner: string, restored: ReadonlyMap<string, Values>): void {
    this.#recorder.record({ type: "WorkflowResumed", owner });
    for (const index of this.frontier.graph.order) {
      const { id } = this.node(index).spec;
      const state = this.#recorder.state.nodes.get(id);
      if (state !== undefined) this.#restoreNode(index, state, restored.get(id));
    }
  }

  #restoreNode(index: number, state: NodeState, outputs: Values | undefined): void {
    const { id } = this.node(index).spec;
    switch (state.status) {
      case "waiting":
        return;
      case "running":
        return this.#interrupt(index, state.attempt);
      case "retrying":
        return this.#retryLater(index, Math.max(0, (state.at ?? 0) - this.#options.clock.now()));
      case "succeeded":
        return this.frontier.succeed(index, outputs);
      case "failed":
        if (state.tolerated) return this.frontier.tolerate(index);
        if (state.error !== undefined) this.failure ??= { node_id: id, error: state.error };
        return this.frontier.giveUp(index, blameOn(id, "failed"), "failed");
      case "cancelled":
        return this.frontier.giveUp(index, blameOn(id, "cancelled"), "failed");
      case "skipped":
        return this.#leaveOut(index, state.because ?? { reason: "not_selected" });
    }
  }

  #interrupt(index: number, attempt: number): void {
    const { id, on_interrupt } = this.node(index).spec;
    const error = new FlowError("interrupted", `Attempt ${attempt} was cut off when the engine stopped`).toInfo();
    if (on_interrupt === "fail") return this.fail(index, error, 0);
    this.#recorder.record({ type: "NodeRetrying", node_id: id, attempt, delay_ms: 0, error });
    this.frontier.makeReady(index);
  }

  /** Takes finished nodes over from the execution that is rerun. */
  #takeOver({ execution_id, outputs, skip }: Reuse): void {
    for (const index of this.frontier.graph.order) {
      const { id } = this.node(index).spec;
      const reused = outputs.get(id);
      if (reused !== undefined) this.complete(index, reused, 0, { reused_from: execution_id });
      const because = skip.get(id);
      if (reused === undefined && because !== undefined) this.skip(index, because);
    }
  }

  #retryLater(index: number, delayMs: number): void {
    this.frontier.setRetrying(index);
    const stop = this.#options.clock.setTimer(delayMs, () => {
      this.#retryTimers.delete(index);
      this.frontier.makeReady(index);
      this.#options.onRetryDue();
    });
    this.#retryTimers.set(index, stop);
  }
}

function blameOn(node_id: string, status: NodeStatus): SkipReason {
  return { reason: status === "cancelled" ? "node_cancelled" : "node_failed", node_id };
}
