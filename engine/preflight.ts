import type { NodeCache } from "./cache.ts";
import { FlowError, toFlowError } from "./errors.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { PreparedNode } from "./prepare.ts";
import { quote, showValue } from "./plain.ts";
import { resolveNode } from "./resolve_node.ts";
import type { Value, Values } from "./value.ts";
import type { MapSpec } from "./workflow.ts";

/** What is found out about a node, or one item of it, before it starts. */
export type Finding =
  | { found: "nothing"; cacheKey?: string }
  /** Its condition does not hold. */
  | { found: "unwanted" }
  /** It is to run once for each of these. */
  | { found: "items"; items: readonly Value[] }
  /** It has run before, with this config and these inputs. */
  | { found: "cached"; outputs: Values }
  | { found: "error"; error: FlowError };

/** What may have to be found out. */
export interface Question {
  node: PreparedNode;
  /** Whether it is one item of the node: the rest was found out for the node as a whole. */
  isItem: boolean;
  inputs: Values;
  scope: () => ExpressionScope;
}

/** Whether there is anything to find out. */
export function needsPreflight({ spec, expressions }: PreparedNode, isItem: boolean, cache: NodeCache | undefined) {
  const isCached = cache !== undefined && spec.cache !== undefined;
  return isItem ? isCached : expressions?.when !== undefined || spec.map !== undefined || isCached;
}

/**
 * Evaluates a node's condition and what it maps over, and looks into the cache. Never rejects; trouble with the cache is
 * nothing found.
 */
export async function preflight(question: Question, cache: NodeCache | undefined): Promise<Finding> {
  const { node, isItem, inputs, scope } = question;
  try {
    if (!isItem) {
      const { when } = node.expressions ?? {};
      if (when !== undefined && !(await when.evaluate(scope()))) return { found: "unwanted" };
      if (node.spec.map !== undefined) return { found: "items", items: await listItems(node, node.spec.map, scope) };
    }
    if (cache === undefined || node.spec.cache === undefined) return { found: "nothing" };
    const resolved = await resolveNode(node, inputs, scope);
    return await lookUp(resolved.node, resolved.inputs, cache);
  } catch (thrown) {
    return { found: "error", error: toFlowError(thrown) };
  }
}

/** More than this is a mistake, and would not fit into memory. */
export const MAX_ITEMS = 1_000_000;

async function listItems(node: PreparedNode, map: MapSpec, scope: () => ExpressionScope): Promise<readonly Value[]> {
  const { items: compiled } = node.expressions ?? {};
  const items = compiled === undefined ? map.items : (await compiled.evaluate(scope())).items;
  if (!Array.isArray(items)) {
    throw new FlowError("invalid_input", `Node ${quote(node.spec.id)}: map.items is ${showValue(items)}, not a list`, {
      hint: items === null
        ? "Check what the expression there yields; write `?? []` behind it if there may be nothing."
        : "Check what the expression there yields; put a single value into a list, as [ ] around it does.",
    });
  }
  if (items.length <= MAX_ITEMS) return items;
  throw new FlowError(
    "invalid_input",
    `Node ${quote(node.spec.id)}: ${items.length} items: ${MAX_ITEMS} is the limit`,
    {
      hint: "Let each item stand for a group of things.",
    },
  );
}

async function lookUp(node: PreparedNode, inputs: Values, cache: NodeCache): Promise<Finding> {
  try {
    const cacheKey = await cache.computeKey(node, inputs);
    const outputs = await cache.get(cacheKey);
    return outputs === undefined ? { found: "nothing", cacheKey } : { found: "cached", outputs };
  } catch {
    return { found: "nothing" };
  }
}
