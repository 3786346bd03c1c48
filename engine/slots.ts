import type { NodeCache } from "./cache.ts";
import type { Clock } from "./clock.ts";
import type { AttemptOutcome, AttemptRequest, Dispatcher } from "./dispatcher.ts";
import { type FlowError, toFlowError } from "./errors.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { LogBudget } from "./log_budget.ts";
import { type Finding, preflight } from "./preflight.ts";
import type { PreparedNode } from "./prepare.ts";
import { resolveConfig } from "./resolve_config.ts";
import type { Recorder } from "./recorder.ts";
import type { Values } from "./value.ts";

/** What the slots tell the executor. */
export type SlotMessage =
  | { type: "ended"; node: number; outcome: AttemptOutcome; duration_ms: number }
  | { type: "checked"; node: number; finding: Finding };

/** What slots work with. */
export interface SlotsOptions {
  recorder: Recorder;
  dispatcher: Dispatcher;
  clock: Clock;
  verbose: boolean;
  cache: NodeCache | undefined;
  send(message: SlotMessage): void;
}

interface Slot {
  controller: AbortController;
  /** Where the outputs belong, if the node asked for it. */
  cacheKey?: string;
}

/** The places in which the nodes of one execution run: at most one attempt, or look into the cache, per node. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #slots = new Map<number, Slot>();
  readonly #memories = new Map<number, Map<string, unknown>>();
  readonly #writes = new Set<Promise<void>>();

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#slots.size;
  }

  open(node: number): void {
    this.#slots.set(node, { controller: new AbortController() });
  }

  /** Answers whether what was in the slot has been aborted. */
  close(node: number): boolean {
    const wasAborted = this.#slots.get(node)?.controller.signal.aborted ?? false;
    this.#slots.delete(node);
    return wasAborted;
  }

  /** Aborts all that runs, but what is `spared`; each attempt still answers with its outcome. */
  abortAll(error: FlowError, spared: (node: number) => boolean = () => false): void {
    for (const [node, slot] of this.#slots) if (!spared(node)) slot.controller.abort(error);
  }

  /** Runs an attempt; its outcome comes as a message. */
  run(node: number, prepared: PreparedNode, attempt: number, inputs: Values, scope: () => ExpressionScope): void {
    const { clock, send } = this.#options;
    const slot = this.#slots.get(node);
    if (slot === undefined) return;
    const startedAt = clock.monotonic();
    const done = (outcome: AttemptOutcome) => {
      const duration_ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
      send({ type: "ended", node, outcome, duration_ms });
    };
    const dispatch = (resolved: PreparedNode) =>
      this.#options.dispatcher.dispatch(this.#request(node, resolved, attempt, inputs, slot.controller.signal));
    const running = prepared.expressions === undefined
      ? dispatch(prepared)
      : Promise.try(() => resolveConfig(prepared, scope)).then(dispatch);
    running.then(done, (error) => done({ error: toFlowError(error) }));
  }

  #request(
    node: number,
    prepared: PreparedNode,
    attempt: number,
    inputs: Values,
    signal: AbortSignal,
  ): AttemptRequest {
    const { recorder, verbose } = this.#options;
    const node_id = prepared.spec.id;
    const budget = new LogBudget();
    return {
      execution_id: recorder.state.execution_id,
      node: prepared,
      attempt,
      inputs,
      verbose,
      memory: () => this.#memoryOf(node),
      signal,
      emit(event) {
        const admitted = budget.admit(event);
        if (admitted !== undefined) recorder.recordSoon({ type: "NodeEvent", node_id, event: admitted });
      },
      processStarted(process) {
        recorder.recordSoon({ type: "NodeProcess", node_id, attempt, process });
      },
      resourceOpened(resource, until) {
        const { node_type } = prepared.spec;
        recorder.recordSoon({ type: "NodeResource", node_id, node_type, attempt, resource, until });
      },
    };
  }

  /** Finds out what has to be known before the node starts; the answer comes as a message. */
  check(node: number, prepared: PreparedNode, inputs: Values, scope: () => ExpressionScope): void {
    const { cache, send } = this.#options;
    const slot = this.#slots.get(node);
    if (slot === undefined) return;
    void preflight(prepared, inputs, scope, cache).then((finding) => {
      if (finding.found === "nothing" && finding.cacheKey !== undefined) slot.cacheKey = finding.cacheKey;
      send({ type: "checked", node, finding });
    });
  }

  /** Keeps the outputs for later runs if the node asked for it. Trouble with the cache costs only the next hit. */
  remember(node: number, prepared: PreparedNode, outputs: Values): void {
    const key = this.#slots.get(node)?.cacheKey;
    if (key === undefined || this.#options.cache === undefined) return;
    const write = this.#options.cache.put(key, prepared, outputs).catch(() => undefined);
    this.#writes.add(write);
    void write.then(() => this.#writes.delete(write));
  }

  /** Resolves when all that `remember` began is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #memoryOf(node: number): Map<string, unknown> {
    let memory = this.#memories.get(node);
    if (memory === undefined) this.#memories.set(node, memory = new Map());
    return memory;
  }
}
