import type { ErrorInfo } from "./errors.ts";
import type { Graph } from "./graph.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import { quoteList } from "./suggest.ts";
import type { Condition } from "./run_plan.ts";

/** Whether a node will run, as far as that is known before. */
export interface Outlook {
  action: "run" | "maybe" | "skip";
  why?: string;
  /** Its condition cannot be evaluated. */
  error?: ErrorInfo;
}

/** What will become of each node, by index; that nothing fails is taken for granted. */
export function foresee({ nodes, graph }: PreparedWorkflow, conditions: readonly (Condition | undefined)[]): Outlook[] {
  const outlook: Outlook[] = nodes.map(() => ({ action: "run" }));
  const isSkipped = (index: number) => outlook[index]?.action === "skip";
  for (const index of graph.order) {
    const node = nodes[index];
    if (node === undefined) continue;
    const order = foreseeOrder(node, index, graph, isSkipped);
    outlook[index] = order.action === "skip" ? order : foreseeCondition(conditions[index]) ?? order;
  }
  return outlook;
}

function foreseeCondition(condition: Condition | undefined): Outlook | undefined {
  if (condition === undefined || condition.holds === true) return undefined;
  const { text, holds, needs, error } = condition;
  if (error !== undefined) return { action: "run", error };
  if (holds === false) return { action: "skip", why: `its condition does not hold: ${text}` };
  return { action: "maybe", why: `only if ${text}, which needs ${needs.join(", ")}` };
}

function foreseeOrder(
  { spec, required }: PreparedNode,
  index: number,
  graph: Graph,
  isSkipped: (index: number) => boolean,
): Outlook {
  const before = [...graph.predecessors(index)];
  const live = before.filter((other) => !isSkipped(other));
  const names = (indexes: readonly number[]) => quoteList(indexes.map((other) => graph.ids[other] ?? ""), "or");
  switch (spec.run_if ?? "success") {
    case "always":
      return { action: "run" };
    case "failure":
      if (live.length === 0) return { action: "skip", why: "nothing before it can fail" };
      return { action: "maybe", why: `only if ${names(live)} fails` };
    case "skipped":
      if (live.length < before.length) return { action: "run" };
      return { action: "maybe", why: `only if ${names(before)} is skipped` };
    case "success": {
      const starved = findStarved(index, graph, required, isSkipped);
      return starved === undefined
        ? { action: "run" }
        : { action: "skip", why: `nothing comes from ${names([starved])}` };
    }
  }
}

/** A node before it that is skipped, and without which it does not run. */
function findStarved(
  index: number,
  graph: Graph,
  required: readonly string[],
  isSkipped: (index: number) => boolean,
): number | undefined {
  const before = [...graph.predecessors(index)];
  if (before.length > 0 && before.every(isSkipped)) return before[0];
  const incoming = graph.incoming(index);
  for (const port of required) {
    const sources = incoming.filter(({ to_port }) => to_port === port).map(({ from }) => from);
    if (sources.length > 0 && sources.every(isSkipped)) return sources[0];
  }
  const connected = new Set(incoming.map(({ from }) => from));
  const isCutOff = incoming.length > 0 && [...connected].every(isSkipped) &&
    before.every((other) => connected.has(other) || isSkipped(other));
  return isCutOff ? incoming[0]?.from : undefined;
}
