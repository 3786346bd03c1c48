import type { ExpressionScope } from "./expression_scope.ts";
import type { Frontier } from "./frontier.ts";
import type { ExecutionState } from "./state.ts";
import type { Value, Values } from "./value.ts";
import type { Workflow } from "./workflow.ts";

/** What the expressions of an execution are evaluated with. */
export interface ScopeSource {
  readonly workflow: Workflow;
  readonly inputs: Values;
  readonly env: Values;
  readonly secrets: Values | undefined;
  readonly state: ExecutionState;
  readonly frontier: Frontier;
}

/** What expressions see at this moment. Nodes that have not finished have no outputs. */
export function createScope(
  { workflow, inputs, env, secrets = {}, state, frontier }: ScopeSource,
  attempt?: number,
): ExpressionScope {
  return {
    inputs,
    nodes: { get: (id) => nodeValues(id, state, frontier) },
    env,
    secrets,
    execution: { id: state.execution_id, started_at: new Date(state.started_at).toISOString() },
    workflow: { id: workflow.id, name: workflow.name },
    attempt,
  };
}

function nodeValues(id: string, { nodes }: ExecutionState, frontier: Frontier): Values {
  const { status = "waiting", error } = nodes.get(id) ?? {};
  return { status, error: error === undefined ? null : { ...error } as Value, ...frontier.outputsOf(id) };
}

/** The environment variables that the workflow asks for; those that are not set are left out. */
export function readEnv(workflow: Workflow, read: (name: string) => string | undefined): Values {
  const entries = (workflow.settings.env ?? []).map((name) => [name, read(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
