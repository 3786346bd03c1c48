/** A document as `parseWorkflow` takes it. */
export interface Document {
  id: string;
  name: string;
  nodes: { id: string; node_type: string; config?: Record<string, unknown>; map?: { items: number[] } }[];
  connections: { from_node: string; from_port: string; to_node: string; to_port: string }[];
  settings?: { max_parallel_nodes: number };
}

/** What each node of a measured workflow is. */
export interface NodeTemplate {
  node_type: string;
  config?: Record<string, unknown>;
  from_port: string;
  to_port: string;
}

/** `count` nodes, one after the other. */
export function chain(count: number, template: NodeTemplate): Document {
  const ids = Array.from({ length: count }, (_, index) => `n${index}`);
  return document(`chain of ${count}`, ids, ids.slice(1).map((id, index) => [`n${index}`, id]), template);
}

/** `count` nodes that wait for one source and for nothing else; `count + 1` nodes in all. */
export function fanOut(count: number, template: NodeTemplate): Document {
  const ids = Array.from({ length: count }, (_, index) => `n${index}`);
  return document(`fan-out of ${count}`, ["source", ...ids], ids.map((id) => ["source", id]), template);
}

/** One node that runs for `count` items. */
export function mapOver(count: number, { node_type }: NodeTemplate): Document {
  const items = Array.from({ length: count }, (_, index) => index);
  const name = `map over ${count}`;
  return { id: name.replaceAll(" ", "-"), name, nodes: [{ id: "each", node_type, map: { items } }], connections: [] };
}

/** `count` nodes without connections. */
export function independent(count: number, template: NodeTemplate): Document {
  return document(`${count} independent nodes`, Array.from({ length: count }, (_, index) => `n${index}`), [], template);
}

function document(name: string, ids: string[], edges: [string, string][], template: NodeTemplate): Document {
  const { node_type, config, from_port, to_port } = template;
  return {
    id: name.replaceAll(" ", "-"),
    name,
    nodes: ids.map((id) => ({ id, node_type, ...(config && { config }) })),
    connections: edges.map(([from_node, to_node]) => ({ from_node, from_port, to_node, to_port })),
  };
}
