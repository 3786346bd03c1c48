import type { Graph } from "../../engine/graph.ts";
import { type Bus, routeGap } from "./graph_routing.ts";
import { layersOf, type Layout, layoutGraph } from "./graph_layout.ts";
import type { DrawnPart } from "./drawn_parts.ts";
import { describeType, nodeLabels } from "./labels.ts";
import { measureWidth, padTo, truncate } from "./text.ts";

/** A drawing of more nodes is harder to read than a list of them. */
const MAX_DRAWN_NODES = 60;
const MAX_LABEL_COLUMNS = 32;
const GAP = 3;
const BOX_ROWS = 4;

/** A workflow as text: boxes and lines if they fit into `columns`, else a list by layers. Ends with a line break. */
export function drawGraphAscii(parts: readonly DrawnPart[], columns: number): string {
  return parts.map((part) => (part.handler === undefined ? "" : `\n${part.handler}\n`) + drawPart(part, columns)).join(
    "",
  );
}

function drawPart({ workflow, graph }: DrawnPart, columns: number): string {
  const labels = nodeLabels(workflow);
  const nodes = workflow.nodes.map((node) => ({
    label: truncate(labels.get(node.id) ?? node.id, MAX_LABEL_COLUMNS),
    type: truncate(describeType(node), MAX_LABEL_COLUMNS),
  }));
  if (nodes.length === 0) return "(no nodes)\n";
  if (graph.count <= MAX_DRAWN_NODES && graph.order.length === graph.count) {
    const widths = nodes.map(({ label, type }) => toOdd(Math.max(measureWidth(label), measureWidth(type)) + 4));
    const layout = layoutGraph(graph, widths, GAP);
    if (layout !== undefined && layout.width <= columns) return drawLayout(layout, nodes);
  }
  return listLayers(graph, nodes);
}

interface DrawnNode {
  label: string;
  type: string;
}

/** So that there is a middle column. */
function toOdd(width: number): number {
  return width + 1 - width % 2;
}

/** The directions that the line through a cell leaves it in. */
const UP = 1, RIGHT = 2, DOWN = 4, LEFT = 8;
const LINES = [" ", "│", "─", "└", "│", "│", "┌", "├", "─", "┘", "─", "┴", "┐", "┤", "┬", "┼"];

/** Cells of text; the cell behind a wide character is empty. */
class Canvas {
  readonly #rows: string[][] = [];
  readonly #lines: number[][] = [];

  line(row: number, column: number, directions: number): void {
    const lines = this.#lines[row] ??= [];
    lines[column] = (lines[column] ?? 0) | directions;
    this.#set(row, column, LINES[lines[column] ?? 0] ?? " ");
  }

  text(row: number, column: number, text: string): void {
    let at = column;
    for (const character of text) {
      const width = measureWidth(character);
      if (width === 0) continue;
      this.#set(row, at, character);
      if (width === 2) this.#set(row, at + 1, "");
      at += width;
    }
  }

  toString(): string {
    return this.#rows.map((row) => `${Array.from(row, (cell) => cell ?? " ").join("").trimEnd()}\n`).join("");
  }

  #set(row: number, column: number, character: string): void {
    while (this.#rows.length <= row) this.#rows.push([]);
    const cells = this.#rows[row];
    if (cells !== undefined) cells[column] = character;
  }
}

function drawLayout(layout: Layout, nodes: readonly DrawnNode[]): string {
  const canvas = new Canvas();
  let top = 0;
  for (const layer of layout.layers) {
    for (const index of layer) {
      const item = layout.items[index];
      if (item === undefined) continue;
      const node = nodes[item.node];
      if (node !== undefined) drawBox(canvas, top, item.center, item.width, node);
      else for (let row = top; row < top + BOX_ROWS; row++) canvas.line(row, item.center, UP | DOWN);
    }
    top += BOX_ROWS;
    const { buses, tracks } = routeGap(layout, layer);
    if (buses.length === 0) continue;
    const arrowRow = top + Math.max(1, tracks);
    for (const bus of buses) drawBus(canvas, layout, bus, top, arrowRow);
    top = arrowRow + 1;
  }
  return canvas.toString();
}

function drawBox(canvas: Canvas, top: number, center: number, width: number, { label, type }: DrawnNode): void {
  const left = center - Math.floor(width / 2);
  const edge = "─".repeat(width - 2);
  canvas.text(top, left, `┌${edge}┐`);
  canvas.text(top + 1, left, `│ ${padTo(label, width - 4)} │`);
  canvas.text(top + 2, left, `│ ${padTo(type, width - 4)} │`);
  canvas.text(top + 3, left, `└${edge}┘`);
}

function drawBus(canvas: Canvas, layout: Layout, bus: Bus, top: number, arrowRow: number): void {
  const from = layout.items[bus.from];
  if (from === undefined) return;
  if (from.node >= 0) canvas.text(top - 1, from.center, "┬");
  for (let row = top; row < top + bus.track; row++) canvas.line(row, from.center, UP | DOWN);
  const row = top + bus.track;
  canvas.line(row, from.center, UP);
  for (let column = bus.left; column <= bus.right; column++) {
    if (column > bus.left) canvas.line(row, column, LEFT);
    if (column < bus.right) canvas.line(row, column, RIGHT);
  }
  for (const target of bus.to) {
    const to = layout.items[target];
    if (to === undefined) continue;
    canvas.line(row, to.center, DOWN);
    for (let below = row + 1; below < arrowRow; below++) canvas.line(below, to.center, UP | DOWN);
    if (to.node >= 0) canvas.text(arrowRow, to.center, "▼");
    else canvas.line(arrowRow, to.center, UP | DOWN);
  }
}

/** Layer by layer: what runs, and after what. */
function listLayers(graph: Graph, nodes: readonly DrawnNode[]): string {
  const layers = layersOf(graph);
  const before: number[][] = nodes.map(() => []);
  for (let node = 0; node < graph.count; node++) for (const next of graph.successors(node)) before[next]?.push(node);
  const indexes = nodes.map((_, index) => index).sort((a, b) => (layers[a] ?? 0) - (layers[b] ?? 0));
  const columns = nodes.reduce((most, { label }) => Math.max(most, measureWidth(label)), 0);
  let text = "";
  let layer = -1;
  for (const index of indexes) {
    const { label = "", type = "" } = nodes[index] ?? {};
    if (layers[index] !== layer) text += `${layer === -1 ? "" : "\n"}Layer ${(layer = layers[index] ?? 0) + 1}\n`;
    const sources = (before[index] ?? []).map((source) => nodes[source]?.label ?? "");
    const shown = sources.length > 5 ? [...sources.slice(0, 5), `${sources.length - 5} more`] : sources;
    text += `  ${padTo(label, columns)}  ${type}${shown.length > 0 ? `  ← ${shown.join(", ")}` : ""}\n`;
  }
  return text;
}
