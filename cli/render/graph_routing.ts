import type { Layout } from "./graph_layout.ts";

/** All edges from one item to the next layer: down to a track, along it, and down to each target. */
export interface Bus {
  /** Item index. */
  readonly from: number;
  readonly to: readonly number[];
  readonly left: number;
  readonly right: number;
  /** Row between the layers, from 0. */
  track: number;
}

/** The edges below a layer, each bus on a track where it crosses no other lengthwise. */
export function routeGap(layout: Layout, layer: readonly number[]): { buses: Bus[]; tracks: number } {
  const buses = layer.flatMap((index): Bus[] => {
    const item = layout.items[index];
    if (item === undefined || item.after.length === 0) return [];
    const columns = [item.center, ...item.after.map((target) => centerOf(layout, target))];
    return [{ from: index, to: item.after, left: Math.min(...columns), right: Math.max(...columns), track: 0 }];
  });
  const bent = buses.filter((bus) => bus.left !== bus.right);
  return { buses, tracks: assignTracks(layout, bent) };
}

/**
 * Channel routing: a bus whose source stands right above a target of another has to be above it, or their vertical
 * lines would run into each other. Where that is impossible (they swap columns) the lines do touch.
 */
function assignTracks(layout: Layout, buses: readonly Bus[]): number {
  const waiting = new Set(buses);
  const placed: Bus[] = [];
  while (waiting.size > 0) {
    const free = [...waiting].find((bus) => ![...waiting].some((other) => mustBeAbove(layout, other, bus)));
    const next = free ?? [...waiting][0];
    if (next === undefined) break;
    waiting.delete(next);
    const below = placed.filter((bus) => mustBeAbove(layout, bus, next)).map((bus) => bus.track + 1);
    next.track = Math.max(0, ...below);
    while (placed.some((bus) => bus.track === next.track && overlaps(bus, next))) next.track++;
    placed.push(next);
  }
  return placed.reduce((most, bus) => Math.max(most, bus.track + 1), 0);
}

function mustBeAbove(layout: Layout, upper: Bus, lower: Bus): boolean {
  if (upper === lower) return false;
  const column = centerOf(layout, upper.from);
  return lower.to.some((target) => centerOf(layout, target) === column && !upper.to.includes(target));
}

/** Lines that all lead to the same targets may run together: every source does lead to every target. */
function overlaps(a: Bus, b: Bus): boolean {
  const targets = new Set(a.to);
  if (b.to.length === targets.size && b.to.every((target) => targets.has(target))) return false;
  return a.left <= b.right + 1 && b.left <= a.right + 1;
}

function centerOf(layout: Layout, item: number): number {
  return layout.items[item]?.center ?? 0;
}
