import { type ExecutionEvent, isSkipByChoice } from "../../engine/events.ts";
import type { NodeSpec, Workflow } from "../../engine/workflow.ts";

/** The type of simulated nodes that pick ways. */
export const SIM_NODE = "sim.node";

/** The type of simulated nodes that do not: only these may have a `map`. */
export const SIM_PLAIN = "sim.plain";

/** How a node ended: its last event in a round. */
export type Ended = ReadonlyMap<string, ExecutionEvent>;

/** What an event is about: a node, or an item of one. */
export function unitOf({ node_id, index }: { node_id: string; index?: number }): string {
  return index === undefined ? node_id : `${node_id}[${index}]`;
}

/** The ids of the nodes that `spec` waits for. */
export function predecessorsOf(workflow: Workflow, spec: NodeSpec): string[] {
  const { id, depends_on = [] } = spec;
  const connected = workflow.connections.filter(({ to_node }) => to_node === id).map(({ from_node }) => from_node);
  return [...new Set([...connected, ...depends_on, ...referencedNodes(spec)])];
}

/** The nodes that the expressions of `spec` name. */
function referencedNodes({ when, inputs, map }: NodeSpec): string[] {
  const text = JSON.stringify([when, inputs, map?.items]);
  return [...text.matchAll(/nodes\.(\w+)/g)].map(([, id = ""]) => id);
}

/** The node whose port `out` the condition of `spec` asks for. */
function wantedNode({ when }: NodeSpec): string | undefined {
  return typeof when === "string" ? when.split(".")[1] : undefined;
}

/** Whether the condition of a node holds that its `run_if` lets run. */
export function isWanted(spec: NodeSpec, ended: Ended): boolean {
  const wanted = wantedNode(spec);
  const event = wanted === undefined ? undefined : ended.get(wanted);
  return wanted === undefined || (event?.type === "NodeCompleted" && Object.hasOwn(event.outputs, "out"));
}

/** Whether a node whose predecessors ended like this has to run: the rules as the documentation tells them. */
export function mustRun(workflow: Workflow, spec: NodeSpec, ended: Ended): boolean {
  const before = predecessorsOf(workflow, spec).map((id) => ended.get(id));
  const isBehindFailure = before.some((event) => {
    if (event?.type === "NodeFailed") return event.tolerated !== true;
    return event?.type === "NodeSkipped" && !isSkipByChoice(event.because);
  });
  switch (spec.run_if ?? "success") {
    case "always":
      return true;
    case "failure":
      return isBehindFailure;
    case "skipped":
      return before.some((event) => event?.type === "NodeSkipped");
    case "success":
      return !isBehindFailure && (before.length === 0 || somethingCame(workflow, spec, ended));
  }
}

function somethingCame(workflow: Workflow, spec: NodeSpec, ended: Ended): boolean {
  const incoming = workflow.connections.filter(({ to_node }) => to_node === spec.id);
  const routing = new Set(workflow.nodes.filter(({ node_type }) => node_type === SIM_NODE).map(({ id }) => id));
  const viaPort = incoming.some(({ from_node, from_port }) => {
    const event = ended.get(from_node);
    if (event?.type === "NodeCompleted") return !routing.has(from_node) || Object.hasOwn(event.outputs, from_port);
    return event?.type === "NodeFailed" && event.tolerated === true;
  });
  const waitedFor = predecessorsOf(workflow, spec).filter((id) => !incoming.some(({ from_node }) => from_node === id));
  return viaPort || waitedFor.some((id) => ended.get(id)?.type !== "NodeSkipped");
}

/** Whether a node is there for the case that others fail. */
export function isCleanup({ run_if }: NodeSpec): boolean {
  return run_if === "failure" || run_if === "always";
}
