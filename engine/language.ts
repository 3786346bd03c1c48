import { FlowError } from "./errors.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { everyNode } from "./handlers.ts";
import { isPlainObject } from "./plain.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

type Reader = typeof import("./workflow_expressions.ts");

let reader: Reader | undefined;

/**
 * Loads what reads the expressions of a workflow, if it has some: twenty modules that are not on the path of a start
 * without them, and JSONata if one of the expressions is more than a plain path.
 */
export async function loadLanguageOf(workflow: Workflow): Promise<void> {
  if (!hasExpressions(workflow)) return;
  reader ??= await import("./workflow_expressions.ts");
  await reader.loadLanguage(workflow);
}

/** What reads expressions; undefined if the workflow has none. @throws {FlowError} `internal` unless {@link loadLanguageOf} came first */
export function expressionReader(workflow: Workflow): Reader | undefined {
  if (!hasExpressions(workflow)) return undefined;
  if (reader === undefined) throw new FlowError("internal", "The expression language is not loaded");
  return reader;
}

/**
 * The graph of a workflow with the edges that come from its expressions. For pictures and explanations: without
 * {@link loadLanguageOf} before it those edges are missing.
 */
export function buildWholeGraph(workflow: Workflow): Graph {
  if (reader === undefined || !hasExpressions(workflow)) return buildGraph(workflow);
  return buildGraph({ ...workflow, dependencies: reader.readExpressions(workflow, new Set()).dependencies });
}

/** Whether a workflow has expressions or conditions. */
export function hasExpressions(workflow: Workflow): boolean {
  return hasTemplates(workflow.outputs) || everyNode(workflow).some(hasOwnExpressions);
}

function hasOwnExpressions({ config, when, inputs, map, repeat }: NodeSpec): boolean {
  if (when !== undefined || repeat !== undefined || typeof map?.items === "string") return true;
  return hasTemplates(config) || hasTemplates(inputs) || hasTemplates(map?.items);
}

/** Whether there is an expression anywhere in a value. */
export function hasTemplates(value: unknown): boolean {
  if (typeof value === "string") return value.includes("${{");
  if (Array.isArray(value)) return value.some(hasTemplates);
  if (!isPlainObject(value) || isWorkflowDocument(value)) return false;
  for (const key of Object.keys(value)) if (hasTemplates(value[key])) return true;
  return false;
}

/** Whether a value is a workflow to be handed on: the expressions in it are its own. */
export function isWorkflowDocument(value: Readonly<Record<string, unknown>>): boolean {
  const { nodes } = value;
  return Array.isArray(nodes) && nodes.length > 0 &&
    nodes.every((node) => isPlainObject(node) && typeof node.node_type === "string");
}
