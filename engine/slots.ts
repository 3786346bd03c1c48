import type { NodeCache } from "./cache.ts";
import type { Caller } from "./calls.ts";
import { abortError, type Clock } from "./clock.ts";
import type { AttemptOutcome, AttemptRequest, Dispatcher } from "./dispatcher.ts";
import { type FlowError, toFlowError } from "./errors.ts";
import type { NodeSubject } from "./events.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { LogBudget } from "./log_budget.ts";
import type { CallRequest } from "./node.ts";
import { type Finding, preflight } from "./preflight.ts";
import type { PreparedNode } from "./prepare.ts";
import { resolveNode } from "./resolve_node.ts";
import type { Recorder } from "./recorder.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";

/** What the slots tell the executor. A unit is a node, or an item of one; see `Units`. */
export type SlotMessage =
  /** `again`: it has succeeded, but its node is to run again until something holds. */
  | { type: "ended"; unit: number; outcome: AttemptOutcome; duration_ms: number; again: boolean }
  | { type: "checked"; unit: number; finding: Finding };

/** Runs a workflow for an attempt; `place`: which call of it it is. */
export type CallOf = (
  caller: Omit<Caller, "record">,
  request: CallRequest,
  place: number,
) => Promise<ExecutionResult<Values>>;

/** What is to run in a slot. */
export interface SlotWork {
  node: PreparedNode;
  subject: NodeSubject;
  inputs: Values;
  scope: () => ExpressionScope;
  /** The same for an attempt and those that repeat it because it was cut off. */
  turn: () => string;
}

/** What slots work with. */
export interface SlotsOptions {
  recorder: Recorder;
  dispatcher: Dispatcher;
  clock: Clock;
  verbose: boolean;
  cache: NodeCache | undefined;
  /** Absolute path of the workflow's document, if it came from a file. */
  source: string | undefined;
  /** Runs a workflow for an attempt. */
  call: CallOf;
  send(message: SlotMessage): void;
}

interface Slot {
  controller: AbortController;
  /** Where the outputs belong, if the node asked for it. */
  cacheKey?: string;
}

/** The places in which the units of one execution run: at most one attempt, or look into the cache, each. */
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

  open(unit: number): void {
    this.#slots.set(unit, { controller: new AbortController() });
  }

  /** Answers why what was in the slot has been aborted, if it has. */
  close(unit: number): FlowError | undefined {
    const signal = this.#slots.get(unit)?.controller.signal;
    this.#slots.delete(unit);
    return signal?.aborted ? abortError(signal) : undefined;
  }

  /** Aborts all that runs, but what is `spared`; each attempt still answers with its outcome. */
  abortAll(error: FlowError, spared: (unit: number) => boolean = () => false): void {
    for (const [unit, slot] of this.#slots) if (!spared(unit)) slot.controller.abort(error);
  }

  /** Runs an attempt; its outcome comes as a message. */
  run(unit: number, attempt: number, work: SlotWork): void {
    const { clock, send } = this.#options;
    const slot = this.#slots.get(unit);
    if (slot === undefined) return;
    const startedAt = clock.monotonic();
    const done = (outcome: AttemptOutcome, again = false) => {
      const duration_ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
      send({ type: "ended", unit, outcome, duration_ms, again });
    };
    const { signal } = slot.controller;
    const { node, scope } = work;
    const isPlain = node.expressions === undefined && node.spec.inputs === undefined;
    const running = isPlain
      ? this.#dispatch(unit, attempt, work, signal)
      : (async () => await resolveNode(node, work.inputs, scope))()
        .then((resolved) => this.#dispatch(unit, attempt, { ...work, ...resolved }, signal));
    const fail = (error: unknown) => done({ error: toFlowError(error) });
    const { until } = node.expressions ?? {};
    if (until === undefined) return void running.then((outcome) => done(outcome), fail);
    const judged = running.then(async (outcome) => {
      const isThrough = !("outputs" in outcome) || await until.evaluate({ ...scope(), outputs: outcome.outputs });
      done(outcome, !isThrough);
    });
    judged.catch(fail);
  }

  #dispatch(unit: number, attempt: number, work: SlotWork, signal: AbortSignal): Promise<AttemptOutcome> {
    return this.#options.dispatcher.dispatch(this.#request(unit, attempt, work, signal));
  }

  #request(
    unit: number,
    attempt: number,
    { node, subject, inputs, turn }: SlotWork,
    signal: AbortSignal,
  ): AttemptRequest {
    const { recorder, verbose, source, call } = this.#options;
    const budget = new LogBudget();
    return {
      execution_id: recorder.state.execution_id,
      node,
      index: subject.index,
      attempt,
      inputs,
      verbose,
      source,
      memory: () => this.#memoryOf(unit),
      signal,
      emit(event) {
        const admitted = budget.admit(event);
        if (admitted !== undefined) recorder.recordSoon({ type: "NodeEvent", ...subject, event: admitted });
      },
      processStarted(process) {
        recorder.recordSoon({ type: "NodeProcess", ...subject, attempt, process });
      },
      resourceOpened(resource, until) {
        const { node_type } = node.spec;
        recorder.recordSoon({ type: "NodeResource", ...subject, node_type, attempt, resource, until });
      },
      call(request, place, signal) {
        const { node_id, index } = subject;
        return call({ node_id, index, turn: turn(), signal }, request, place);
      },
    };
  }

  /** Finds out what has to be known before the unit starts; the answer comes as a message. */
  check(unit: number, work: SlotWork): void {
    const { cache, send } = this.#options;
    const slot = this.#slots.get(unit);
    if (slot === undefined) return;
    void preflight({ ...work, isItem: work.subject.index !== undefined }, cache).then((finding) => {
      if (finding.found === "nothing" && finding.cacheKey !== undefined) slot.cacheKey = finding.cacheKey;
      send({ type: "checked", unit, finding });
    });
  }

  /** Keeps the outputs for later runs if the node asked for it. Trouble with the cache costs only the next hit. */
  remember(unit: number, prepared: PreparedNode, outputs: Values): void {
    const key = this.#slots.get(unit)?.cacheKey;
    if (key === undefined || this.#options.cache === undefined) return;
    const write = this.#options.cache.put(key, prepared, outputs).catch(() => undefined);
    this.#writes.add(write);
    void write.then(() => this.#writes.delete(write));
  }

  /** Resolves when all that `remember` began is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #memoryOf(unit: number): Map<string, unknown> {
    let memory = this.#memories.get(unit);
    if (memory === undefined) this.#memories.set(unit, memory = new Map());
    return memory;
  }
}
