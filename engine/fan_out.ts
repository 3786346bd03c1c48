import { type ErrorInfo, FlowError } from "./errors.ts";
import type { Phase } from "./frontier.ts";
import { setOwn } from "./plain.ts";
import type { PreparedNode } from "./prepare.ts";
import type { Value, Values } from "./value.ts";

/**
 * The items of one node with `map`: which of them may begin, where each stands, what they came to. Makes no decisions
 * and writes no history.
 *
 *   F1. Items begin in their order, and never more than `maxParallel` have begun and not ended.
 *   F2. After `stop` no item begins.
 */
export class FanOut {
  readonly items: readonly Value[];
  /** Number of the node's attempt; the attempts of its items are counted from there. */
  readonly attempt: number;
  readonly #maxParallel: number;
  readonly #phases: Phase[];
  readonly #outputs: (Values | undefined)[];
  #next = 0;
  /** Items that have begun and not ended. */
  #open = 0;
  #failed = 0;
  #isStopped = false;
  /** Why the node fails once nothing of it runs any more. */
  failure: ErrorInfo | undefined;

  constructor(items: readonly Value[], attempt: number, maxParallel: number) {
    this.items = items;
    this.attempt = attempt;
    this.#maxParallel = maxParallel;
    this.#phases = new Array(items.length).fill("waiting");
    this.#outputs = new Array(items.length).fill(undefined);
  }

  get failed(): number {
    return this.#failed;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether nothing more will happen to any item. */
  get isDone(): boolean {
    return this.#open === 0 && (this.#isStopped || this.#next >= this.items.length);
  }

  phase(index: number): Phase {
    return this.#phases[index] ?? "finished";
  }

  setPhase(index: number, phase: Exclude<Phase, "waiting" | "finished">): void {
    if (this.#phases[index] === "waiting") this.#open++;
    this.#phases[index] = phase;
  }

  /** The next item that may begin; it is `ready` from now on. */
  takeNext(): number | undefined {
    while (this.#phases[this.#next] !== undefined && this.#phases[this.#next] !== "waiting") this.#next++;
    if (this.#isStopped || this.#open >= this.#maxParallel || this.#next >= this.items.length) return undefined;
    const index = this.#next++;
    this.setPhase(index, "ready");
    return index;
  }

  succeed(index: number, outputs: Values): void {
    this.#outputs[index] = outputs;
    this.#end(index);
  }

  fail(index: number): void {
    this.#failed++;
    this.#end(index);
  }

  /** Lets no further item begin: the node fails. */
  stop(failure: ErrorInfo): void {
    this.#isStopped = true;
    this.failure ??= failure;
  }

  /** Lets an item that was about to begin be. */
  drop(index: number): void {
    this.#end(index);
  }

  /** The items in a phase. */
  inPhase(phase: Phase): number[] {
    return [...this.#phases.keys()].filter((index) => this.#phases[index] === phase);
  }

  /**
   * Each output as the list of what the items answered there, in their order; null where an item answered nothing. All
   * that the workflow uses is there, also if no item answered it.
   */
  collectOutputs({ definition, namedOutputs }: Pick<PreparedNode, "definition" | "namedOutputs">): Values {
    const { open, shape } = definition.outputs;
    const names = new Set(open ? namedOutputs : Object.keys(shape));
    for (const outputs of this.#outputs) for (const name of Object.keys(outputs ?? {})) names.add(name);
    const collected: Values = {};
    for (const name of names) {
      const values = this.#outputs.map((outputs) => {
        return outputs !== undefined && Object.hasOwn(outputs, name) ? outputs[name] ?? null : null;
      });
      setOwn<Value>(collected, name, values);
    }
    return collected;
  }

  #end(index: number): void {
    if (this.#phases[index] !== "waiting") this.#open--;
    this.#phases[index] = "finished";
  }
}

/** Why an item ends of which nothing better is known. */
export const WITH_OTHERS = new FlowError("cancelled", "Cancelled with the other items of its node").toInfo();

/** Why a node fails as a `whole` when an item of it has, and the `reason` for which its other items end. */
export function blameItem(index: number, error: ErrorInfo): { whole: ErrorInfo; reason: FlowError } {
  if (error.code === "cancelled") return { whole: error, reason: new FlowError("cancelled", error.message) };
  const whole = { ...error, message: `items[${index}]: ${error.message}` };
  return { whole, reason: new FlowError("cancelled", `Cancelled because items[${index}] failed`) };
}
