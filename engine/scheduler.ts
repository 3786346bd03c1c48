import type { Graph } from "./graph.ts";

/**
 * Tells which nodes may be decided on next. Owns only counters: what became of a node is the executor's to know.
 *
 *   SC1. A node is given out exactly once, and only after `finish` was called for all its predecessors.
 *   SC2. All calls together cost O(nodes + connections).
 */
export class Scheduler {
  readonly #graph: Graph;
  /** How many predecessors of each node have not finished. */
  readonly #open: Int32Array;
  /** Nodes to give out; `#head` is the oldest that was not. Every node enters once, so this never exceeds the graph. */
  readonly #due: Int32Array;
  #head = 0;
  #tail = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#open = new Int32Array(graph.count);
    this.#due = new Int32Array(graph.count);
    for (let node = 0; node < graph.count; node++) {
      const open = graph.predecessorCount(node);
      this.#open[node] = open;
      if (open === 0) this.#due[this.#tail++] = node;
    }
  }

  /** The next node all of whose predecessors have finished, in the order in which they became so. */
  take(): number | undefined {
    return this.#head < this.#tail ? this.#due[this.#head++] : undefined;
  }

  /** Says that `node` has finished, in whatever way. To be called once per node. */
  finish(node: number): void {
    for (const successor of this.#graph.successors(node)) {
      const open = (this.#open[successor] ?? 0) - 1;
      this.#open[successor] = open;
      if (open === 0) this.#due[this.#tail++] = successor;
    }
  }
}
