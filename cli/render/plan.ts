import type { RerunPlan, RerunStep } from "../../engine/rerun.ts";
import type { Style } from "../style.ts";
import { nodeLabels } from "./labels.ts";
import { type Cell, formatTable } from "./table.ts";

/** Nodes of one kind that people are shown one by one. */
const MAX_SHOWN = 50;

const TITLES: Readonly<Record<RerunStep["action"], string>> = { run: "runs", reuse: "reused", skip: "left out" };

/** What a rerun will do with each node, and why; what runs comes first. */
export function formatPlan(plan: RerunPlan, style: Style): string {
  const labels = nodeLabels(plan.workflow);
  const rows: Cell[][] = [];
  for (const action of ["run", "reuse", "skip"] as const) {
    const steps = plan.nodes.filter((step) => step.action === action);
    const paint = action === "run" ? style.green : style.dim;
    for (const { node_id, why } of steps.slice(0, MAX_SHOWN)) {
      rows.push([{ text: TITLES[action], paint }, { text: labels.get(node_id) ?? node_id }, {
        text: why,
        paint: style.dim,
      }]);
    }
    const hidden = steps.length - MAX_SHOWN;
    if (hidden > 0) rows.push([{ text: TITLES[action], paint }, { text: `… and ${hidden} more`, paint: style.dim }]);
  }
  return `Rerun of ${plan.execution_id}: ${countSteps(plan)}\n${formatTable(rows, "  ")}`;
}

function countSteps({ nodes }: RerunPlan): string {
  const count = (action: RerunStep["action"]) => nodes.filter((step) => step.action === action).length;
  const parts = [`${count("run")} of ${nodes.length} nodes run again`];
  if (count("reuse") > 0) parts.push(`${count("reuse")} reused`);
  if (count("skip") > 0) parts.push(`${count("skip")} left out`);
  return parts.join(", ");
}
