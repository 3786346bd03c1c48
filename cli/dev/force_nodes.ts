import type { Graph } from "../../engine/graph.ts";
import type { RerunPlan, RerunStep } from "../../engine/rerun.ts";

/** The plan with more nodes that run again, by id with the reason, and everything behind them. */
export function forceNodes(plan: RerunPlan, graph: Graph, reasons: ReadonlyMap<string, string>): RerunPlan {
  const nodes = plan.nodes.map((step) => ({ ...step }));
  for (const index of graph.order) {
    const step = nodes[index];
    if (step === undefined || step.action === "run") continue;
    const own = reasons.get(step.node_id);
    const cause = [...graph.predecessors(index)].map((before) => nodes[before]).find((before) =>
      before?.action === "run"
    );
    const why = own ?? (cause === undefined ? undefined : `behind "${cause.node_id}"`);
    if (why !== undefined) nodes[index] = { node_id: step.node_id, action: "run", why };
  }
  return { ...plan, nodes };
}

/** The plan with nothing to run: what has changed is not about any node. */
export function reuseAll(plan: RerunPlan): RerunPlan {
  return {
    ...plan,
    nodes: plan.nodes.map(({ node_id }): RerunStep => ({ node_id, action: "reuse", why: "as before" })),
  };
}
