import { compileCondition, type CompiledCondition } from "./expression_condition.ts";
import { compileConfig, type CompiledConfig, loadLanguageFor } from "./expression_config.ts";
import { hasTemplates } from "./expression_place.ts";
import type { Reference } from "./expression_reference.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

/** The expressions of a node, read. */
export interface NodeExpressions {
  readonly config: CompiledConfig | undefined;
  readonly when: CompiledCondition | undefined;
}

/** To be called before the expressions of a workflow are read: the language is loaded only if one of them needs it. */
export async function loadLanguageOf(workflow: Workflow): Promise<void> {
  const conditions: string[] = [];
  const values: unknown[] = hasTemplates(workflow.outputs) ? [workflow.outputs] : [];
  for (const { config, when } of workflow.nodes) {
    if (typeof when === "string") conditions.push(when);
    if (hasTemplates(config)) values.push(config);
  }
  if (conditions.length + values.length > 0) await loadLanguageFor(values, conditions);
}

/** Undefined if there are none. */
export function readNodeExpressions({ config, when }: NodeSpec): NodeExpressions | undefined {
  const compiled = hasTemplates(config) ? compileConfig(config) : undefined;
  const condition = when === undefined ? undefined : compileCondition(String(when));
  return compiled === undefined && condition === undefined ? undefined : { config: compiled, when: condition };
}

/** The ids of the nodes that are referred to, each once. */
export function referencedNodes(...sources: ({ readonly references: readonly Reference[] } | undefined)[]): string[] {
  const ids = new Set<string>();
  for (const source of sources) {
    for (const { root, names } of source?.references ?? []) {
      const [id] = names;
      if (root === "nodes" && id !== undefined) ids.add(id.name);
    }
  }
  return [...ids];
}
