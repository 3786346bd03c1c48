import type { Reference } from "./expression_reference.ts";
import type { Workflow } from "./workflow.ts";
import type { WorkflowExpressions } from "./workflow_expressions.ts";

/** What expressions can ask of a node besides its outputs. */
const FACTS: ReadonlySet<string> = new Set(["status", "error"]);

/** A list of nodes with its expressions. */
interface Part {
  readonly part: Workflow;
  readonly expressions: WorkflowExpressions | undefined;
}

/** The outputs of nodes with `map` that connections lead from and expressions name, by node id. */
export function listNamedOutputs(parts: readonly Part[]): Map<string, Set<string>> {
  const mapped = parts.flatMap(({ part }) => part.nodes.filter(({ map }) => map !== undefined));
  const named = new Map(mapped.map(({ id }) => [id, new Set<string>()]));
  if (named.size === 0) return named;
  for (const { part, expressions } of parts) {
    for (const { from_node, from_port } of part.connections) named.get(from_node)?.add(from_port);
    for (const reference of expressions?.listReferences() ?? []) addReference(named, reference);
  }
  return named;
}

function addReference(named: ReadonlyMap<string, Set<string>>, { root, names }: Reference): void {
  const [id, port] = names;
  if (root !== "nodes" || id === undefined || port === undefined || FACTS.has(port.name)) return;
  named.get(id.name)?.add(port.name);
}
