import type { Graph } from "./graph.ts";
import type { Values } from "./value.ts";

/**
 * Holds the outputs of finished nodes for as long as somebody may still ask: until every node that they lead to has
 * finished, or to the end for nodes that lead nowhere (they are the execution's outputs). This is what keeps memory
 * flat in large graphs.
 */
export class OutputTable {
  readonly #graph: Graph;
  readonly #pinned: ReadonlySet<number>;
  readonly #outputs = new Map<number, Values>();
  /** How many of a node's successors have not finished. */
  readonly #readers: Int32Array;

  /** Outputs of `pinned` nodes are kept to the end. */
  constructor(graph: Graph, pinned: readonly number[]) {
    this.#graph = graph;
    this.#pinned = new Set(pinned);
    this.#readers = Int32Array.from({ length: graph.count }, (_, node) => graph.successors(node).length);
  }

  put(node: number, outputs: Values): void {
    const isLast = this.#graph.successors(node).length === 0;
    if (isLast || (this.#readers[node] ?? 0) > 0 || this.#pinned.has(node)) this.#outputs.set(node, outputs);
  }

  get(node: number): Values | undefined {
    return this.#outputs.get(node);
  }

  /** Says that `node` will not read its inputs again. */
  release(node: number): void {
    for (const predecessor of this.#graph.predecessors(node)) {
      const readers = (this.#readers[predecessor] ?? 0) - 1;
      this.#readers[predecessor] = readers;
      if (readers === 0 && !this.#pinned.has(predecessor)) this.#outputs.delete(predecessor);
    }
  }

  /** The outputs of the nodes that lead nowhere, by id, in document order. */
  final(): Record<string, Values> {
    const entries: [string, Values][] = [];
    for (let node = 0; node < this.#graph.count; node++) {
      const outputs = this.#outputs.get(node);
      if (outputs !== undefined && this.#graph.successors(node).length === 0) {
        entries.push([this.#graph.ids[node] ?? "", outputs]);
      }
    }
    return Object.fromEntries(entries);
  }
}
