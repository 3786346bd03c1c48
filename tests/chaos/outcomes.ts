import type { ExecutionEvent } from "../../engine/events.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { unitOf } from "../simulation/rules.ts";

/** The key under which `outcomesOf` keeps how the whole execution ended. */
const EXECUTION = "";
const INTERRUPTED = "failed interrupted";

/** What became of each node and each item, by name, without times, attempts and blame, which depend on the speed of the machine. */
export function outcomesOf(events: readonly ExecutionEvent[]): Map<string, string> {
  const outcomes = new Map<string, string>();
  for (const event of events) {
    if (event.type === "NodeCompleted") outcomes.set(unitOf(event), `succeeded ${JSON.stringify(event.outputs)}`);
    if (event.type === "NodeFailed") outcomes.set(unitOf(event), `failed ${event.error.code}`);
    if (event.type === "NodeSkipped") outcomes.set(unitOf(event), `skipped`);
    if (event.type === "WorkflowCompleted") outcomes.set(EXECUTION, event.status);
  }
  return outcomes;
}

/** Where the end of an execution differs from what it should be. */
export function compareOutcomes(
  workflow: Workflow,
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): string[] {
  const changed = new Map(expected);
  const interrupted = workflow.nodes.filter(({ id, on_interrupt }) =>
    on_interrupt === "fail" && actual.get(id) === INTERRUPTED
  );
  for (const { id } of interrupted) {
    changed.set(id, INTERRUPTED);
    for (const successor of successorsOf(workflow, id)) {
      for (const unit of expected.keys()) if (unit.startsWith(`${successor}[`)) changed.delete(unit);
      changed.set(successor, "skipped");
    }
    changed.set(EXECUTION, "failed");
  }
  return [...changed].filter(([id, outcome]) => actual.get(id) !== outcome)
    .map(([id, outcome]) => `${id || "the execution"} ended as ${actual.get(id)}, but should have as ${outcome}`);
}

/** All nodes that can be reached from one. */
function successorsOf({ connections }: Workflow, nodeId: string): Set<string> {
  const reached = new Set([nodeId]);
  for (const id of reached) {
    for (const { from_node, to_node } of connections) if (from_node === id) reached.add(to_node);
  }
  reached.delete(nodeId);
  return reached;
}
