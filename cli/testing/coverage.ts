import { everyNode } from "../../engine/handlers.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import type { Workflow } from "../../engine/workflow.ts";
import type { Trace } from "./run_case.ts";

/** What the tests of a workflow have not shown. */
export interface Coverage {
  /** The file that it is in, or that its tests are in. */
  workflow: string;
  nodes: number;
  /** Ids of the nodes that never ran. */
  never_ran: string[];
  /** `node.port`: ways that were never taken. */
  never_taken: string[];
}

/** Collects which nodes ran, and which ways were taken, over all tests of each workflow. */
export class CoverageCollector {
  readonly #workflows = new Map<string, { workflow: Workflow; registry: NodeRegistry; seen: Set<string> }>();

  add(name: string, workflow: Workflow, registry: NodeRegistry, { events }: Trace): void {
    const known = this.#workflows.get(name);
    const seen = known?.seen ?? new Set();
    this.#workflows.set(name, { workflow, registry, seen });
    for (const event of events) {
      if (event.type === "NodeStarted") seen.add(event.node_id);
      if (event.type !== "NodeCompleted") continue;
      for (const port of Object.keys(event.outputs)) seen.add(nameWay(event.node_id, port));
    }
  }

  list(): Coverage[] {
    return [...this.#workflows].map(([name, { workflow, registry, seen }]) => {
      const ids = everyNode(workflow).map(({ id }) => id);
      const never_ran = ids.filter((id) => !seen.has(id));
      const ways = listWays(workflow, registry).filter(({ from }) => seen.has(from));
      const never_taken = ways.filter(({ way }) => !seen.has(way)).map(({ way }) => way);
      return { workflow: name, nodes: ids.length, never_ran, never_taken: [...new Set(never_taken)] };
    });
  }
}

/** The connections that lead on only if their node picks them. */
function listWays({ nodes, connections }: Workflow, registry: NodeRegistry): { from: string; way: string }[] {
  const types = new Map(nodes.map(({ id, node_type }) => [id, node_type]));
  return connections
    .filter(({ from_node }) => registry.get(types.get(from_node) ?? "")?.routes)
    .map(({ from_node, from_port }) => ({ from: from_node, way: nameWay(from_node, from_port) }));
}

function nameWay(nodeId: string, port: string): string {
  return `${nodeId}.${port}`;
}
