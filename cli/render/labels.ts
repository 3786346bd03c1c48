import type { NodeSpec } from "../../engine/workflow.ts";
import { cleanLine } from "./text.ts";

/** How people tell nodes apart: the name where it is there and unique, else the id; safe for a terminal. */
export function nodeLabels(workflow: { nodes: readonly Pick<NodeSpec, "id" | "name">[] }): Map<string, string> {
  const count = new Map<string, number>();
  for (const { name } of workflow.nodes) if (name !== undefined) count.set(name, (count.get(name) ?? 0) + 1);
  return new Map(workflow.nodes.map(({ id, name }) => {
    const shown = cleanLine(name ?? "").trim();
    if (name === undefined || shown === "") return [id, cleanLine(id)];
    return [id, count.get(name) === 1 ? shown : `${shown} (${cleanLine(id)})`];
  }));
}

/** The node type, and how often it runs if that is not once. */
export function describeType({ node_type, map, repeat }: Pick<NodeSpec, "node_type" | "map" | "repeat">): string {
  const often = [...(map === undefined ? [] : ["per item"]), ...(repeat === undefined ? [] : ["repeated"])];
  return cleanLine(node_type) + (often.length === 0 ? "" : ` (${often.join(", ")})`);
}
