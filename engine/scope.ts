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
  /** In handlers: the nodes that ran before, and how it went. */
  readonly before?: { frontier: Frontier; result: Values } | undefined;
}

/** What is in scope for one attempt. */
export interface UnitScope {
  attempt?: number | undefined;
  item?: Value | undefined;
  index?: number | undefined;
}

/** What expressions see at this moment. Nodes that have not finished have no outputs. */
export function createScope(source: ScopeSource, unit: UnitScope = {}): ExpressionScope {
  const { workflow, inputs, env, secrets = {}, state, before } = source;
  const started_at = new Date(state.started_at).toISOString();
  return {
    inputs,
    nodes: { get: (id) => nodeValues(id, source) },
    env,
    secrets,
    execution: { id: state.execution_id, started_at, ...before?.result },
    workflow: { id: workflow.id, name: workflow.name },
    ...unit,
  };
}

function nodeValues(id: string, { state, frontier, before }: ScopeSource): Values {
  const { status = "waiting", error } = state.nodes.get(id) ?? {};
  const outputs = frontier.outputsOf(id) ?? before?.frontier.outputsOf(id);
  return { status, error: error === undefined ? null : { ...error } as Value, ...outputs };
}

/** The environment variables that the workflow asks for; those that are not set are left out. */
export function readEnv(workflow: Workflow, read: (name: string) => string | undefined): Values {
  const entries = (workflow.settings.env ?? []).map((name) => [name, read(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
