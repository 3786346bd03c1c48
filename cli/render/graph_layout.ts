import type { Graph } from "../../engine/graph.ts";

/** A node in its layer, or a bend of an edge that passes through. */
export interface LayoutItem {
  /** Index of the node; -1: a bend. */
  readonly node: number;
  readonly layer: number;
  readonly width: number;
  /** Column of its middle. */
  center: number;
  readonly before: number[];
  readonly after: number[];
}

/** Where everything of a drawing stands: layers from top to bottom, items from left to right, by item index. */
export interface Layout {
  readonly items: readonly LayoutItem[];
  readonly layers: readonly (readonly number[])[];
  readonly width: number;
}

/** Bends beyond which a drawing says nothing any more, and takes long. */
export const MAX_BENDS = 5000;
const SWEEPS = 4;

/**
 * Layers by longest path, order within layers by barycenters, columns by least squares under the given order: the
 * method of Sugiyama, Tagawa and Toda (1981). Undefined if the graph is too entangled to be drawn. `widths` by node.
 */
export function layoutGraph(graph: Graph, widths: readonly number[], gap: number): Layout | undefined {
  const items = buildItems(graph, widths);
  if (items === undefined) return undefined;
  const layers: number[][] = [];
  for (const [index, item] of items.entries()) (layers[item.layer] ??= []).push(index);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) sortByNeighbours(items, layer, "before");
    for (const layer of layers.toReversed()) sortByNeighbours(items, layer, "after");
  }
  placeColumns(items, layers, gap);
  const right = items.reduce((most, item) => Math.max(most, item.center + Math.ceil(item.width / 2)), 0);
  return { items, layers, width: right };
}

/** The layer of each node: one below its lowest predecessor. Nodes on cycles stay in the first. */
export function layersOf(graph: Graph): Int32Array {
  const layers = new Int32Array(graph.count);
  for (const index of graph.order) {
    for (const next of graph.successors(index)) {
      layers[next] = Math.max(layers[next] ?? 0, (layers[index] ?? 0) + 1);
    }
  }
  return layers;
}

function buildItems(graph: Graph, widths: readonly number[]): LayoutItem[] | undefined {
  const layers = layersOf(graph);
  const items: LayoutItem[] = Array.from(
    layers,
    (layer, node) => ({ node, layer, width: widths[node] ?? 1, center: 0, before: [], after: [] }),
  );
  for (let node = 0; node < graph.count; node++) {
    for (const target of graph.successors(node)) {
      let from = node;
      for (let layer = (layers[node] ?? 0) + 1; layer < (layers[target] ?? 0); layer++) {
        items.push({ node: -1, layer, width: 1, center: 0, before: [], after: [] });
        join(items, from, items.length - 1);
        from = items.length - 1;
        if (items.length > graph.count + MAX_BENDS) return undefined;
      }
      join(items, from, target);
    }
  }
  return items;
}

function join(items: readonly LayoutItem[], from: number, to: number): void {
  items[from]?.after.push(to);
  items[to]?.before.push(from);
}

/** Sorts a layer by the mean position of the neighbours above or below; `center` holds positions until columns do. */
function sortByNeighbours(items: LayoutItem[], layer: number[], side: "before" | "after"): void {
  for (const [position, index] of layer.entries()) {
    const item = items[index];
    if (item !== undefined) item.center = meanCenter(items, item[side]) ?? position;
  }
  layer.sort((a, b) => (items[a]?.center ?? 0) - (items[b]?.center ?? 0));
  for (const [position, index] of layer.entries()) {
    const item = items[index];
    if (item !== undefined) item.center = position;
  }
}

function meanCenter(items: readonly LayoutItem[], indexes: readonly number[]): number | undefined {
  if (indexes.length === 0) return undefined;
  return indexes.reduce((sum, index) => sum + (items[index]?.center ?? 0), 0) / indexes.length;
}

/** As `meanCenter`, but so that a node stands right above the middle one of its successors. */
function medianCenter(items: readonly LayoutItem[], indexes: readonly number[]): number | undefined {
  const centers = indexes.map((index) => items[index]?.center ?? 0).sort((a, b) => a - b);
  const [low, high] = [centers[(centers.length - 1) >> 1], centers[centers.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function placeColumns(items: LayoutItem[], layers: readonly (readonly number[])[], gap: number): void {
  for (const layer of layers) placeLayer(items, layer, gap, () => 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) placeLayer(items, layer, gap, (item) => medianCenter(items, item.before));
    for (const layer of layers.toReversed()) placeLayer(items, layer, gap, (item) => medianCenter(items, item.after));
  }
  // Sources stand above their targets now; the last nodes have nothing below them to care for.
  const wanted = (item: LayoutItem) => item.after.length > 0 ? item.center : medianCenter(items, item.before);
  for (const layer of layers) placeLayer(items, layer, gap, wanted);
  const left = items.reduce((least, item) => Math.min(least, item.center - Math.floor(item.width / 2)), Infinity);
  for (const item of items) item.center -= Number.isFinite(left) ? left : 0;
}

/**
 * Puts each item of a layer as near to where it wants to be as order and distances allow. With the distances taken off,
 * that is a regression by a rising line, which pooling neighbours that are out of order solves.
 */
function placeLayer(
  items: LayoutItem[],
  layer: readonly number[],
  gap: number,
  wanted: (item: LayoutItem) => number | undefined,
): void {
  const pools: { sum: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  let last: LayoutItem | undefined;
  for (const index of layer) {
    const item = items[index];
    if (item === undefined) continue;
    if (last !== undefined) offset += Math.ceil((last.width + item.width) / 2) + gap;
    offsets.push(offset);
    last = item;
    let pool = { sum: (wanted(item) ?? item.center) - offset, count: 1 };
    for (let above = pools.at(-1); above && above.sum / above.count > pool.sum / pool.count; above = pools.at(-1)) {
      pool = { sum: pool.sum + above.sum, count: pool.count + above.count };
      pools.pop();
    }
    pools.push(pool);
  }
  const starts = pools.flatMap(({ sum, count }) => new Array<number>(count).fill(Math.round(sum / count)));
  for (const [place, index] of layer.entries()) {
    const item = items[index];
    if (item !== undefined) item.center = (starts[place] ?? 0) + (offsets[place] ?? 0);
  }
}
