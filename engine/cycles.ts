import type { Graph } from "./graph.ts";

/**
 * One cycle of every knot of nodes that wait for each other, as node indexes in the direction of the edges, the first
 * one of the document in front. Self-loops count as cycles of one node. At most `limit` cycles, in O(nodes + edges).
 */
export function findCycles(graph: Graph, limit = Infinity): number[][] {
  if (graph.order.length === graph.count) return [];
  const cycles: number[][] = [];
  for (const component of stronglyConnected(graph)) {
    const start = component.reduce((least, index) => Math.min(least, index));
    if (component.length === 1 && !graph.successors(start).includes(start)) continue;
    cycles.push(shortestCycle(graph, start, new Set(component)));
    if (cycles.length >= limit) break;
  }
  return cycles.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** A cycle, or undefined if there is none. */
export function findCycle(graph: Graph): number[] | undefined {
  return findCycles(graph, 1)[0];
}

/** Breadth-first from `start` back to itself, inside one component. */
function shortestCycle(graph: Graph, start: number, component: ReadonlySet<number>): number[] {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const index of queue) {
    for (const next of graph.successors(index)) {
      if (next === start) return walkBack(cameFrom, start, index);
      if (!component.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, index);
      queue.push(next);
    }
  }
  return [start];
}

function walkBack(cameFrom: ReadonlyMap<number, number>, start: number, end: number): number[] {
  const path = [end];
  for (let index = end; index !== start;) {
    index = cameFrom.get(index) ?? start;
    path.push(index);
  }
  return path.reverse();
}

/** Tarjan's algorithm with a stack of its own, because a chain of 100,000 nodes is deeper than the call stack. */
function* stronglyConnected(graph: Graph): Generator<number[]> {
  const visited = new Int32Array(graph.count);
  const low = new Int32Array(graph.count);
  const onStack = new Uint8Array(graph.count);
  const stack: number[] = [];
  const calls: { index: number; targets: Int32Array; next: number }[] = [];
  let counter = 0;
  const enter = (index: number) => {
    visited[index] = low[index] = ++counter;
    onStack[index] = 1;
    stack.push(index);
    calls.push({ index, targets: graph.successors(index), next: 0 });
  };
  const lower = (index: number, value: number) => {
    if (value < (low[index] ?? 0)) low[index] = value;
  };
  for (const root of graph.unordered()) {
    if (visited[root] !== 0) continue;
    enter(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const target = call.targets[call.next++];
      if (target === undefined) {
        calls.pop();
        const caller = calls.at(-1);
        if (caller !== undefined) lower(caller.index, low[call.index] ?? 0);
        if (low[call.index] === visited[call.index]) yield popComponent(stack, onStack, call.index);
      } else if (visited[target] === 0) enter(target);
      else if (onStack[target] === 1) lower(call.index, visited[target] ?? 0);
    }
  }
}

function popComponent(stack: number[], onStack: Uint8Array, root: number): number[] {
  const component: number[] = [];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    onStack[index] = 0;
    component.push(index);
    if (index === root) break;
  }
  return component;
}
