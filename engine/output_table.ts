import type { Graph } from "./graph.ts";
import type { Values } from "./value.ts";

/**
 * Holds the outputs of finished nodes for as long as somebody may still ask: until every node that they lead to has
 * finished, or to the end for nodes that lead nowhere (they are the execution's outputs). This is what keeps memory
 * flat in large graphs.
 */
export class OutputTable {
  readonly #graph: Graph;
  readonly #outputs = new Map<number, Values>();
  /** How many connections out of a node lead to nodes that have not finished. */
  readonly #readers: Int32Array;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#readers = new Int32Array(graph.count);
    for (let node = 0; node < graph.count; node++) {
      for (const { from } of graph.incoming(node)) this.#readers[from] = (this.#readers[from] ?? 0) + 1;
    }
  }

  put(node: number, outputs: Values): void {
    if (this.#graph.successors(node).length === 0 || (this.#readers[node] ?? 0) > 0) this.#outputs.set(node, outputs);
  }

  get(node: number): Values | undefined {
    return this.#outputs.get(node);
  }

  /** Says that `node` will not read its inputs again. */
  release(node: number): void {
    for (const { from } of this.#graph.incoming(node)) {
      const readers = (this.#readers[from] ?? 0) - 1;
      this.#readers[from] = readers;
      if (readers === 0) this.#outputs.delete(from);
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
