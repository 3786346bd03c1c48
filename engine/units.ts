/**
 * Names what runs in a slot by one number: a node by its index in the workflow, an item of a node with `map` by a larger
 * one. Numbers cost nothing where a hundred thousand of them are in line.
 */
export class Units {
  readonly #nodes: number;

  /** `nodes`: how many nodes there are. */
  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  item(node: number, index: number): number {
    return node + (index + 1) * this.#nodes;
  }

  nodeOf(unit: number): number {
    return unit < this.#nodes ? unit : unit % this.#nodes;
  }

  /** The index of the item, from 0; undefined if the unit is a whole node. */
  indexOf(unit: number): number | undefined {
    return unit < this.#nodes ? undefined : Math.floor(unit / this.#nodes) - 1;
  }
}
