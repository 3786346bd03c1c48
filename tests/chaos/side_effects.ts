import type { ExecutionEvent } from "../../engine/events.ts";
import type { Workflow } from "../../engine/workflow.ts";

/** One line of a side file: what an attempt has done to the world. */
export interface Effect {
  what: "start" | "end" | "fail" | "tick";
  node: string;
  attempt: number;
}

export function parseEffects(text: string): Effect[] {
  return text.split("\n").slice(0, -1).map((line) => {
    const [what, node, attempt] = line.split(" ");
    if (!/^(start|end|fail|tick) n\d+ \d+$/.test(line)) throw new Error(`A torn line in the side file: "${line}"`);
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
  for (const event of events) {
    if (event.type === "NodeStarted" && event.node_type !== "time.delay") attempts.set(event.node_id, event.attempt);
    const isFailure = event.type === "NodeRetrying" || event.type === "NodeFailed";
    if (event.type !== "NodeCompleted" && !(isFailure && event.error.details?.exit_code === 7)) continue;
    const attempt = attempts.get(event.node_id);
    if (attempt === undefined) continue;
    const what = isFailure ? "fail" : "end";
    for (const line of [`start ${event.node_id} ${attempt}`, `${what} ${event.node_id} ${attempt}`]) {
      if (count(line) !== 1) problems.push(`"${line}" was done ${count(line)} times, but ${event.type} is a fact`);
    }
  }
  return problems;
}

/** Attempts of a node do not overlap, none follows the one that has completed, and nobody runs ahead of its inputs. */
function checkOrder(workflow: Workflow, effects: readonly Effect[]): string[] {
  const problems: string[] = [];
  const newest = new Map<string, number>();
  const ended = new Set<string>();
  const writers = new Set(workflow.nodes.filter((node) => node.node_type !== "time.delay").map((node) => node.id));
  for (const { what, node, attempt } of effects) {
    const latest = newest.get(node) ?? 0;
    if (attempt < latest) {
      problems.push(`attempt ${attempt} of ${node} did "${what}" after attempt ${latest} had started`);
    }
    newest.set(node, Math.max(latest, attempt));
    if (what === "end") ended.add(node);
    if (what !== "start") continue;
    for (const { from_node, to_node } of workflow.connections) {
      if (to_node !== node || !writers.has(from_node) || ended.has(from_node)) continue;
      problems.push(`${node} started before ${from_node} had ended`);
    }
  }
  return problems;
}

/** Nothing happens that was not announced, and nothing after the completion. */
function checkAnnounced(events: readonly ExecutionEvent[], effects: readonly Effect[]): string[] {
  const announced = new Map<string, number>();
  for (const event of events) if (event.type === "NodeStarted") announced.set(event.node_id, event.attempt);
  return effects.filter(({ node, attempt }) => attempt > (announced.get(node) ?? 0))
    .map(({ what, node, attempt }) => `attempt ${attempt} of ${node} did "${what}" without a NodeStarted`);
}
