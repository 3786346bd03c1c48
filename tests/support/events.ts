import type { EventBody, ExecutionEvent } from "../../engine/events.ts";
import type { Connection, NodeSpec, Workflow } from "../../engine/workflow.ts";

/** Events of one execution, one second apart from midnight UTC on. */
export function createEvents(...bodies: EventBody[]): ExecutionEvent[] {
  return bodies.map((body, index) => ({
    execution_id: "e-1",
    seq: index + 1,
    timestamp: new Date(Date.UTC(2030, 0, 1, 0, 0, index)).toISOString(),
    ...body,
  }));
}

/** A checked workflow; an edge is `"a > b"`. */
export function createWorkflow(nodes: readonly (string | NodeSpec)[], edges: readonly string[] = []): Workflow {
  return {
    id: "w",
    name: "Demo",
    nodes: nodes.map((node) => typeof node === "string" ? { id: node, node_type: "test.node", config: {} } : node),
    connections: edges.map((edge): Connection => {
      const [from_node = "", to_node = ""] = edge.split(" > ");
      return { from_node, from_port: "out", to_node, to_port: "in" };
    }),
    triggers: [],
    settings: { max_parallel_nodes: 10, on_error: "StopWorkflow", max_execution_time_ms: null },
  };
}
