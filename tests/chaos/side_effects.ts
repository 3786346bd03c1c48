import type { ExecutionEvent } from "../../engine/events.ts";
import { everyNode } from "../../engine/handlers.ts";
import type { NodeSpec, Workflow } from "../../engine/workflow.ts";
import { unitOf } from "../simulation/rules.ts";

/** One line of a side file: what an attempt has done to the world. */
export interface Effect {
  what: "start" | "end" | "fail" | "tick";
  /** With the item, as in `n3[0]`, if it ran for one. */
  node: string;
  attempt: number;
}

export function parseEffects(text: string): Effect[] {
  return text.split("\n").slice(0, -1).map((line) => {
    const [what, node, attempt] = line.split(" ");
    if (!/^(start|end|fail|tick) n\d+(\[\d+\])? \d+$/.test(line)) {
      throw new Error(`A torn line in the side file: "${line}"`);
    }
    return { what: what as Effect["what"], node: node ?? "", attempt: Number(attempt) };
  });
}

/** All that does not fit between what the nodes did and what the journal says they did. */
export function checkEffects(
  workflow: Workflow,
  events: readonly ExecutionEvent[],
  effects: readonly Effect[],
): string[] {
  const counts = new Map<string, number>();
  const count = (line: string) => counts.get(line) ?? 0;
  for (const { what, node, attempt } of effects) {
    const line = `${what} ${node} ${attempt}`;
    counts.set(line, count(line) + 1);
  }
  const problems = [...counts].filter(([line, times]) => times > 1 && !line.startsWith("tick"))
    .map(([line, times]) => `"${line}" was done ${times} times`);
  problems.push(...checkOrder(workflow, effects), ...checkAnnounced(events, effects));
  const attempts = new Map<string, number>();
  const mapped = new Set(everyNode(workflow).filter(({ map }) => map !== undefined).map(({ id }) => id));
  for (const event of events) {
    if (!("node_id" in event)) continue;
    const unit = unitOf(event);
    // A node that runs once per item does nothing itself.
    if (mapped.has(unit)) continue;
    if (event.type === "NodeStarted" && event.node_type !== "time.delay") attempts.set(unit, event.attempt);
    const isFailure = event.type === "NodeRetrying" || event.type === "NodeFailed";
    if (event.type !== "NodeCompleted" && !(isFailure && event.error.details?.exit_code === 7)) continue;
    const attempt = attempts.get(unit);
    if (attempt === undefined) continue;
    const what = isFailure ? "fail" : "end";
    for (const line of [`start ${unit} ${attempt}`, `${what} ${unit} ${attempt}`]) {
      if (count(line) !== 1) problems.push(`"${line}" was done ${count(line)} times, but ${event.type} is a fact`);
    }
  }
  return problems;
}

/** Whether a node that succeeds has written its end; of one with items, all may have failed. */
function isWriter({ node_type, map }: NodeSpec): boolean {
  return node_type !== "time.delay" && map === undefined;
}

/** Attempts of a node do not overlap, none follows the one that has completed, and nobody runs ahead of its inputs. */
function checkOrder(workflow: Workflow, effects: readonly Effect[]): string[] {
  const problems: string[] = [];
  const newest = new Map<string, number>();
  const ended = new Set<string>();
  const writers = new Set(workflow.nodes.filter(isWriter).map((node) => node.id));
  for (const { what, node, attempt } of effects) {
    const latest = newest.get(node) ?? 0;
    if (attempt < latest) {
      problems.push(`attempt ${attempt} of ${node} did "${what}" after attempt ${latest} had started`);
    }
    newest.set(node, Math.max(latest, attempt));
    const [id = ""] = node.split("[");
    if (what === "end") ended.add(id);
    if (what !== "start") continue;
    for (const { from_node, to_node } of workflow.connections) {
      if (to_node !== id || !writers.has(from_node) || ended.has(from_node)) continue;
      problems.push(`${node} started before ${from_node} had ended`);
    }
  }
  return problems;
}

/** Nothing happens that was not announced, and nothing after the completion. */
function checkAnnounced(events: readonly ExecutionEvent[], effects: readonly Effect[]): string[] {
  const announced = new Map<string, number>();
  for (const event of events) if (event.type === "NodeStarted") announced.set(unitOf(event), event.attempt);
  return effects.filter(({ node, attempt }) => attempt > (announced.get(node) ?? 0))
    .map(({ what, node, attempt }) => `attempt ${attempt} of ${node} did "${what}" without a NodeStarted`);
}
