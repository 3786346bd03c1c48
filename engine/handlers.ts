import { type HandlerName, HANDLERS } from "./events.ts";
import type { IssueList } from "./issue.ts";
import { quote } from "./plain.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** How long an attempt of a handler's node may take, unless the node says otherwise. */
export const HANDLER_TIMEOUT_MS = 300_000;

/** All nodes of a workflow, those of its handlers included. */
export function everyNode({ nodes, settings }: Workflow): readonly NodeSpec[] {
  const handlers = HANDLERS.flatMap((name) => settings[name] ?? []);
  return handlers.length === 0 ? nodes : [...nodes, ...handlers];
}

/** The names of the handlers that a workflow has, in the order in which they run. */
export function handlersOf({ settings }: Workflow): HandlerName[] {
  return HANDLERS.filter((name) => (settings[name] ?? []).length > 0);
}

/** A handler as a workflow of its own: its nodes one after the other, whatever becomes of each. */
export function handlerAsWorkflow(workflow: Workflow, name: HandlerName): Workflow {
  const { max_parallel_nodes, env } = workflow.settings;
  const nodes = workflow.settings[name] ?? [];
  const chain = nodes.map((spec, index): NodeSpec => ({
    timeout_ms: HANDLER_TIMEOUT_MS,
    ...spec,
    depends_on: nodes.slice(index - 1, index).map(({ id }) => id),
    run_if: "always",
  }));
  return {
    id: workflow.id,
    name: workflow.name,
    nodes: chain,
    connections: [],
    triggers: [],
    settings: {
      max_parallel_nodes,
      on_error: "ContinueOnError",
      max_execution_time_ms: null,
      ...(env === undefined ? {} : { env }),
    },
  };
}

/** Adds what no workflow of its own would show: ids that others have, and an order that handlers do not have. */
export function checkHandlers(workflow: Workflow, issues: IssueList): void {
  const taken = new Set(workflow.nodes.map(({ id }) => id));
  for (const handler of handlersOf(workflow)) {
    const own = workflow.settings[handler] ?? [];
    for (const [index, spec] of own.entries()) {
      const path = ["settings", handler, index];
      if (taken.has(spec.id)) {
        issues.error(
          "duplicate_node",
          [...path, "id"],
          () => `Node id ${quote(spec.id)} is taken by another node`,
          () => "Give each node an id of its own.",
        );
      }
      for (const key of ["depends_on", "run_if"] as const) {
        if (spec[key] === undefined) continue;
        issues.error(
          "wrong_value",
          [...path, key],
          () => `Node ${quote(spec.id)}: ${key} has no meaning in ${handler}, whose nodes run one after the other`,
          () => "Remove it, and use when to leave a node out.",
        );
      }
    }
    for (const { id } of own) taken.add(id);
  }
}
