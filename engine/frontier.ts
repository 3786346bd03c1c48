import type { SkipReason } from "./events.ts";
import type { Graph } from "./graph.ts";
import { OutputTable } from "./output_table.ts";
import { setOwn } from "./plain.ts";
import { Scheduler } from "./scheduler.ts";
import type { Values } from "./value.ts";

/** Where a node stands in the executor's mind: ahead of the journal by at most the current turn. */
export type Phase = "waiting" | "ready" | "running" | "retrying" | "finished";

/** A node on which the executor has to decide. */
export interface DueNode {
  node: number;
  /** Set if it must not run: why. */
  blame: SkipReason | undefined;
}

/**
 * The line between what has run and what may run next, in one round of an execution: who is due, who is ready, what
 * they read. Makes no decisions and writes no history.
 */
export class Frontier {
  readonly graph: Graph;
  readonly #scheduler: Scheduler;
  readonly #outputs: OutputTable;
  readonly #phases: Phase[];
  /** Why nodes behind one that did not succeed will not run. */
  readonly #blames = new Map<number, SkipReason>();
  #ready: number[] = [];
  #nextReady = 0;

  constructor(graph: Graph) {
    this.graph = graph;
    this.#scheduler = new Scheduler(graph);
    this.#outputs = new OutputTable(graph);
    this.#phases = new Array(graph.count).fill("waiting");
  }

  phase(node: number): Phase {
    return this.#phases[node] ?? "finished";
  }

  /** The next node that nothing has been decided about and whose predecessors have all finished. */
  takeDue(): DueNode | undefined {
    for (let node = this.#scheduler.take(); node !== undefined; node = this.#scheduler.take()) {
      if (this.#phases[node] === "waiting") return { node, blame: this.#blames.get(node) };
    }
    return undefined;
  }

  /** Puts a node into the line for a slot. */
  makeReady(node: number): void {
    this.#phases[node] = "ready";
    this.#ready.push(node);
  }

  get hasReady(): boolean {
    return this.#nextReady < this.#ready.length;
  }

  /** Takes the node that has been in the line for longest; it is `running` from now on. */
  takeReady(): number | undefined {
    const node = this.#ready[this.#nextReady];
    if (node === undefined) return undefined;
    this.#nextReady++;
    if (this.#nextReady > 1024 && this.#nextReady * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#nextReady);
      this.#nextReady = 0;
    }
    this.#phases[node] = "running";
    return node;
  }

  setRetrying(node: number): void {
    this.#phases[node] = "retrying";
  }

  succeed(node: number, outputs: Values | undefined): void {
    if (outputs !== undefined) this.#outputs.put(node, outputs);
    this.#finish(node);
  }

  /** Ends a node without success: those behind it will be due with the same blame. */
  giveUp(node: number, blame: SkipReason): void {
    for (const successor of this.graph.successors(node)) {
      if (!this.#blames.has(successor)) this.#blames.set(successor, blame);
    }
    this.#finish(node);
  }

  #finish(node: number): void {
    this.#phases[node] = "finished";
    this.#blames.delete(node);
    this.#outputs.release(node);
    this.#scheduler.finish(node);
  }

  /**
   * What is connected to a node; undefined if nothing is. Of several connections to one port the last one in document
   * order that carries a value counts.
   */
  connectedInputs(node: number): Values | undefined {
    const incoming = this.graph.incoming(node);
    if (incoming.length === 0) return undefined;
    const inputs: Values = {};
    for (const { from, from_port, to_port } of incoming) {
      const outputs = this.#outputs.get(from);
      if (outputs === undefined || !Object.hasOwn(outputs, from_port)) continue;
      setOwn(inputs, to_port, outputs[from_port] ?? null);
    }
    return inputs;
  }

  /** The outputs of the nodes that lead nowhere, by node id. */
  finalOutputs(): Record<string, Values> {
    return this.#outputs.final();
  }
}
