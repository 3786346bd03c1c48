import type { SkipReason } from "./events.ts";
import type { Graph, Incoming } from "./graph.ts";
import { OutputTable } from "./output_table.ts";
import { setOwn } from "./plain.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import { Scheduler } from "./scheduler.ts";
import type { Values } from "./value.ts";
import type { RunIf } from "./workflow.ts";

/** Where a node stands in the executor's mind: ahead of the journal by at most the current turn. */
export type Phase = "waiting" | "ready" | "running" | "retrying" | "finished";

/** How a node ended, as far as those behind it are concerned. */
type Ending = "succeeded" | "tolerated" | "failed" | "skipped";

/**
 * The line between what has run and what may run next, in one round of an execution: who is due, who is ready, what
 * they read. Makes no decisions and writes no history.
 */
export class Frontier {
  readonly graph: Graph;
  readonly #nodes: readonly PreparedNode[];
  readonly #scheduler: Scheduler;
  readonly #outputs: OutputTable;
  readonly #phases: Phase[];
  readonly #endings: (Ending | undefined)[];
  /** The failure that a node is behind. */
  readonly #blames = new Map<number, SkipReason>();

  constructor({ graph, nodes, pinned }: PreparedWorkflow) {
    this.graph = graph;
    this.#nodes = nodes;
    this.#scheduler = new Scheduler(graph);
    this.#outputs = new OutputTable(graph, pinned);
    this.#phases = new Array(graph.count).fill("waiting");
    this.#endings = new Array(graph.count).fill(undefined);
  }

  phase(node: number): Phase {
    return this.#phases[node] ?? "finished";
  }

  /** The next node that nothing has been decided about and whose predecessors have all finished. */
  takeDue(): number | undefined {
    for (let node = this.#scheduler.take(); node !== undefined; node = this.#scheduler.take()) {
      if (this.#phases[node] === "waiting") return node;
    }
    return undefined;
  }

  /** Why a node that is due must not run; undefined if it may. */
  findObstacle(node: number, runIf: RunIf, required: readonly string[]): SkipReason | undefined {
    const blame = this.#blames.get(node);
    switch (runIf) {
      case "always":
        return undefined;
      case "failure":
        return blame === undefined ? { reason: "run_if" } : undefined;
      case "skipped":
        return this.#hasSkippedPredecessor(node) ? undefined : { reason: "run_if" };
      case "success":
        return blame ?? this.#findMissingValue(node, required);
    }
  }

  #hasSkippedPredecessor(node: number): boolean {
    return this.graph.predecessors(node).some((predecessor) => this.#endings[predecessor] === "skipped");
  }

  /** A node behind others runs if something has come from one of them, and whatever its required ports need. */
  #findMissingValue(node: number, required: readonly string[]): SkipReason | undefined {
    const predecessors = this.graph.predecessors(node);
    if (predecessors.length === 0) return undefined;
    const incoming = this.graph.incoming(node);
    const dead = incoming.filter((edge) => !this.#leadsOn(edge));
    if (dead.length === 0 && incoming.length > 0) return undefined;
    const starved = required.map((port) => findStarved(port, incoming, dead)).find((edge) => edge !== undefined);
    if (starved !== undefined) return this.#noValue(starved.from);
    if (dead.length < incoming.length || this.#hasLiveDependency(predecessors, incoming)) return undefined;
    return this.#noValue(predecessors[0] ?? 0);
  }

  /** Whether a connection leads on: its source has run and, if it picks ways, has picked this one. */
  #leadsOn({ from, from_port }: Incoming): boolean {
    if (this.#endings[from] !== "succeeded") return this.#endings[from] === "tolerated";
    if (!this.#nodes[from]?.definition.routes) return true;
    const outputs = this.#outputs.get(from);
    return outputs !== undefined && Object.hasOwn(outputs, from_port);
  }

  /** Whether one of the nodes that are only waited for has run. */
  #hasLiveDependency(predecessors: Int32Array, incoming: readonly Incoming[]): boolean {
    const connected = new Set(incoming.map(({ from }) => from));
    return predecessors.some((from) => !connected.has(from) && this.#endings[from] !== "skipped");
  }

  #noValue(from: number): SkipReason {
    return { reason: "no_value", node_id: this.graph.ids[from] ?? "" };
  }

  setPhase(node: number, phase: Exclude<Phase, "waiting" | "finished">): void {
    this.#phases[node] = phase;
  }

  succeed(node: number, outputs: Values | undefined): void {
    if (outputs !== undefined) this.#outputs.put(node, outputs);
    this.#finish(node, "succeeded");
  }

  /** Ends a node that failed, but whose failure is nobody else's. */
  tolerate(node: number): void {
    this.#finish(node, "tolerated");
  }

  /** Ends a node that failed, or was skipped because of a failure: those behind it are behind that failure too. */
  giveUp(node: number, blame: SkipReason, ending: "failed" | "skipped"): void {
    for (const successor of this.graph.successors(node)) {
      if (!this.#blames.has(successor)) this.#blames.set(successor, blame);
    }
    this.#finish(node, ending);
  }

  /** Ends a node that does not run, though nothing has failed. */
  leaveOut(node: number): void {
    this.#finish(node, "skipped");
  }

  #finish(node: number, ending: Ending): void {
    this.#phases[node] = "finished";
    this.#endings[node] = ending;
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

  /** The outputs of a node that has succeeded and may still be read. */
  outputsOf(id: string): Values | undefined {
    return this.#outputs.get(this.graph.indexOf(id));
  }

  /** The outputs of the nodes that lead nowhere, by node id. */
  finalOutputs(): Record<string, Values> {
    return this.#outputs.final();
  }
}

/** A connection into `port`, if there are some and all of them are dead. */
function findStarved(port: string, incoming: readonly Incoming[], dead: readonly Incoming[]): Incoming | undefined {
  const isInto = ({ to_port }: Incoming) => to_port === port;
  const count = dead.filter(isInto).length;
  return count > 0 && count === incoming.filter(isInto).length ? dead.find(isInto) : undefined;
}
