import type { EventOf, ExecutionEvent } from "../../engine/events.ts";
import { canonicalJson, type Value, type Values } from "../../engine/value.ts";
import type { NodeSpec } from "../../engine/workflow.ts";

type ItemEnd = EventOf<"NodeCompleted" | "NodeFailed">;

/** What is known of the items of one node in one round. */
class Items {
  items: readonly Value[] | undefined;
  begun = -1;
  /** Items that have begun and not ended. */
  readonly open = new Set<number>();
  readonly ends = new Map<number, ItemEnd>();
  isStopped = false;
}

/** All that is wrong with the items of a node with `map`, in the events of one round. */
export function checkItems(spec: NodeSpec, events: readonly ExecutionEvent[]): string[] {
  const { map, id } = spec;
  const problems: string[] = [];
  const known = new Items();
  for (const event of events) {
    if (!("node_id" in event) || event.node_id !== id) continue;
    if (map === undefined) {
      if (event.index !== undefined || event.type === "NodeExpanded") problems.push(`${id} has no items`);
    } else if (event.type === "NodeExpanded") {
      if (known.items !== undefined) problems.push(`${id} expanded twice`);
      if (Array.isArray(map.items) && canonicalJson(map.items) !== canonicalJson([...event.items])) {
        problems.push(`${id} expanded to other items`);
      }
      known.items = event.items;
    } else if (event.index !== undefined) problems.push(...checkItem(spec, known, event, event.index));
    else if (event.type === "NodeCompleted" || event.type === "NodeFailed") {
      problems.push(...checkWhole(spec, known, event));
    }
  }
  return problems;
}

function checkItem(spec: NodeSpec, known: Items, event: ExecutionEvent, index: number): string[] {
  const name = `${spec.id}[${index}]`;
  const problems: string[] = [];
  if (known.items === undefined || index >= known.items.length) problems.push(`${event.type} of ${name}: no such item`);
  if (known.ends.has(index)) problems.push(`${event.type} of ${name} after its end`);
  if (event.type === "NodeStarted") {
    if (!known.open.has(index)) {
      if (index <= known.begun) problems.push(`${name} begins after item ${known.begun}`);
      known.begun = index;
    }
    known.open.add(index);
    if (known.open.size > (spec.map?.max_parallel ?? Infinity)) {
      problems.push(`${known.open.size} items of ${spec.id} at once`);
    }
    if (known.isStopped) problems.push(`${name} starts after the items were stopped`);
  }
  if (event.type !== "NodeCompleted" && event.type !== "NodeFailed") return problems;
  if (!known.open.delete(index)) problems.push(`${event.type} of ${name}, which has not begun`);
  known.ends.set(index, event);
  if (event.type === "NodeFailed" && event.tolerated) problems.push(`${name} is tolerated`);
  if (event.type === "NodeFailed" && spec.map?.on_error === "stop") known.isStopped = true;
  return problems;
}

function checkWhole(spec: NodeSpec, { items, open, ends }: Items, event: ItemEnd): string[] {
  const { id, map } = spec;
  const problems: string[] = [];
  if (open.size > 0) problems.push(`${id} ended before its items ${[...open].join(", ")}`);
  const failed = [...ends.values()].filter((end) => end.type === "NodeFailed");
  const culprits = failed.filter((end) => end.error.code !== "cancelled");
  if (event.type === "NodeFailed") {
    if (items === undefined || event.error.code === "cancelled" || event.error.code === "interrupted") return problems;
    if (map?.on_error !== "stop") problems.push(`${id} failed in spite of its on_error`);
    const says = culprits.some((end) => event.error.message === `items[${end.index}]: ${end.error.message}`);
    if (!says) problems.push(`${id} failed by itself: ${event.error.message}`);
    return problems;
  }
  if (items === undefined) return [...problems, `${id} completed without items`];
  if (ends.size !== items.length) problems.push(`${id} completed with ${ends.size} of ${items.length} items`);
  if ((event.failed_items ?? 0) !== failed.length) problems.push(`${id} counts ${event.failed_items} failed items`);
  if (failed.length > 0 && map?.on_error !== "continue") problems.push(`${id} completed though items failed`);
  if (failed.length > culprits.length) problems.push(`${id} completed though items were cancelled`);
  if (canonicalJson(event.outputs) !== canonicalJson(collect(items.length, ends, Object.keys(event.outputs)))) {
    problems.push(`outputs of ${id} are wrong`);
  }
  return problems;
}

/** Each port as the list of what the items answered there; `declared` ports are there also if nobody answered. */
function collect(count: number, ends: ReadonlyMap<number, ItemEnd>, declared: readonly string[]): Values {
  const answers = Array.from({ length: count }, (_, index): Values => {
    const end = ends.get(index);
    return end?.type === "NodeCompleted" ? end.outputs : {};
  });
  const ports = new Set([...declared, ...answers.flatMap((answer) => Object.keys(answer))]);
  return Object.fromEntries([...ports].map((port) => [port, answers.map((answer) => answer[port] ?? null)]));
}
