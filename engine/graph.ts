import type { Connection, NodeSpec } from "./workflow.ts";

/** A connection as its target sees it. */
export interface Incoming {
  /** Index of the node that it comes from. */
  readonly from: number;
  readonly from_port: string;
  readonly to_port: string;
}

/** An edge that only orders two nodes and carries nothing. */
export interface Dependency {
  from_node: string;
  to_node: string;
}

/** What a graph is made of; a `Workflow` is one. */
export interface GraphSource {
  readonly nodes: readonly Pick<NodeSpec, "id" | "depends_on">[];
  readonly connections: readonly Connection[];
  /** Besides those of `depends_on`. */
  readonly dependencies?: readonly Dependency[];
}

/**
 * The shape of a workflow by node index (the place in `nodes`), built once and never changed. All of it is a handful of
 * integer arrays: some 30 bytes per node and per edge.
 */
export class Graph {
  readonly count: number;
  readonly ids: readonly string[];
  /** Every node after all its predecessors. Shorter than `count` if there is a cycle. */
  readonly order: Int32Array;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #connections: readonly Connection[];
  readonly #edges: Edges;
  readonly #outgoing: Groups;
  readonly #incoming: Groups;
  readonly #predecessors: Groups;
  readonly #predecessorCounts: Int32Array;

  /** Edges from or to a node that is not there are left out; of nodes with the same id the first one counts. */
  constructor(source: GraphSource) {
    this.ids = Object.freeze(source.nodes.map((node) => node.id));
    this.count = this.ids.length;
    this.#indexes = indexIds(this.ids);
    this.#connections = source.connections;
    this.#edges = resolveEdges(source, this.#indexes);
    this.#incoming = groupBy(this.#edges.to, this.count);
    this.#outgoing = distinctEnds(groupBy(this.#edges.from, this.count), this.#edges.to);
    this.#predecessors = distinctEnds(groupBy(this.#edges.to, this.count), this.#edges.from);
    this.#predecessorCounts = countTargets(this.#outgoing);
    this.order = sortTopologically(this.#outgoing, this.#predecessorCounts);
    Object.freeze(this);
  }

  /** -1 if there is no such node. */
  indexOf(id: string): number {
    return this.#indexes.get(id) ?? -1;
  }

  /** The nodes that wait for node `index`, each once. A view: do not write. */
  successors(index: number): Int32Array {
    return groupAt(this.#outgoing, index);
  }

  /** The nodes that node `index` waits for, each once. A view: do not write. */
  predecessors(index: number): Int32Array {
    return groupAt(this.#predecessors, index);
  }

  /** How many different nodes node `index` waits for. */
  predecessorCount(index: number): number {
    return this.#predecessorCounts[index] ?? 0;
  }

  /** The connections into node `index`, in document order; edges without ports are not among them. */
  incoming(index: number): readonly Incoming[] {
    const found: Incoming[] = [];
    for (const edge of groupAt(this.#incoming, index)) {
      const connection = this.#connections[edge];
      const from = this.#edges.from[edge];
      if (connection === undefined || from === undefined) continue;
      found.push({ from, from_port: connection.from_port, to_port: connection.to_port });
    }
    return found;
  }

  /** Indexes of the nodes that a cycle keeps from ever running: those on one and those behind one. */
  unordered(): number[] {
    const ordered = new Uint8Array(this.count);
    for (const index of this.order) ordered[index] = 1;
    const rest: number[] = [];
    for (let index = 0; index < this.count; index++) if (ordered[index] === 0) rest.push(index);
    return rest;
  }
}

/** The graph of a workflow, in O(nodes + connections). */
export function buildGraph(source: GraphSource): Graph {
  return new Graph(source);
}

/** Both ends of each edge as node indexes; -1 twice where an end is missing. Connections first, then dependencies. */
interface Edges {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Group `g` is `items[starts[g] .. starts[g + 1])`. */
interface Groups {
  readonly starts: Int32Array;
  readonly items: Int32Array;
}

function indexIds(ids: readonly string[]): Map<string, number> {
  const indexes = new Map<string, number>();
  for (const [index, id] of ids.entries()) if (!indexes.has(id)) indexes.set(id, index);
  return indexes;
}

function listDependencies(nodes: GraphSource["nodes"]): Dependency[] {
  return nodes.flatMap(({ id, depends_on = [] }) => depends_on.map((from_node) => ({ from_node, to_node: id })));
}

function resolveEdges(source: GraphSource, indexes: ReadonlyMap<string, number>): Edges {
  const dependencies = [...listDependencies(source.nodes), ...(source.dependencies ?? [])];
  const length = source.connections.length + dependencies.length;
  const from = new Int32Array(length).fill(-1);
  const to = new Int32Array(length).fill(-1);
  let edge = 0;
  const add = (ends: Dependency) => {
    const a = indexes.get(ends.from_node);
    const b = indexes.get(ends.to_node);
    if (a !== undefined && b !== undefined) {
      from[edge] = a;
      to[edge] = b;
    }
    edge++;
  };
  for (const connection of source.connections) add(connection);
  for (const dependency of dependencies) add(dependency);
  return { from, to };
}

/** Groups 0, 1, 2 ... (positions in `keys`) by their key, keeping their order; a key of -1 is in no group. */
function groupBy(keys: Int32Array, count: number): Groups {
  const starts = new Int32Array(count + 1);
  for (const key of keys) if (key >= 0) starts[key + 1] = at(starts, key + 1) + 1;
  for (let group = 0; group < count; group++) starts[group + 1] = at(starts, group + 1) + at(starts, group);
  const next = starts.slice(0, count);
  const items = new Int32Array(at(starts, count));
  for (const [item, key] of keys.entries()) {
    if (key < 0) continue;
    const place = at(next, key);
    items[place] = item;
    next[key] = place + 1;
  }
  return { starts, items };
}

/** The other ends of each group of edges, each once, in the order of its first edge. */
function distinctEnds(edges: Groups, ends: Int32Array): Groups {
  const count = edges.starts.length - 1;
  const starts = new Int32Array(count + 1);
  const items = new Int32Array(edges.items.length);
  const lastSeenIn = new Int32Array(count).fill(-1);
  let length = 0;
  for (let group = 0; group < count; group++) {
    for (const edge of groupAt(edges, group)) {
      const end = at(ends, edge);
      if (lastSeenIn[end] === group) continue;
      lastSeenIn[end] = group;
      items[length++] = end;
    }
    starts[group + 1] = length;
  }
  return { starts, items: items.slice(0, length) };
}

function countTargets(outgoing: Groups): Int32Array {
  const counts = new Int32Array(outgoing.starts.length - 1);
  for (const target of outgoing.items) counts[target] = at(counts, target) + 1;
  return counts;
}

function sortTopologically(outgoing: Groups, predecessorCounts: Int32Array): Int32Array {
  const waitingFor = predecessorCounts.slice();
  const order = new Int32Array(waitingFor.length);
  let length = 0;
  for (const [node, count] of waitingFor.entries()) if (count === 0) order[length++] = node;
  for (let done = 0; done < length; done++) {
    for (const target of groupAt(outgoing, at(order, done))) {
      const left = at(waitingFor, target) - 1;
      waitingFor[target] = left;
      if (left === 0) order[length++] = target;
    }
  }
  return order.slice(0, length);
}

function groupAt(groups: Groups, group: number): Int32Array {
  return groups.items.subarray(at(groups.starts, group), at(groups.starts, group + 1));
}

/** An element that is known to be there. */
function at(array: Int32Array, index: number): number {
  return array[index] ?? 0;
}
