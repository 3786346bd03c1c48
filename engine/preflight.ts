import type { NodeCache } from "./cache.ts";
import { type FlowError, toFlowError } from "./errors.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { PreparedNode } from "./prepare.ts";
import { resolveConfig } from "./resolve_config.ts";
import type { Values } from "./value.ts";

/** What is found out about a node before it starts. */
export type Finding =
  | { found: "nothing"; cacheKey?: string }
  /** Its condition does not hold. */
  | { found: "unwanted" }
  /** It has run before, with this config and these inputs. */
  | { found: "cached"; outputs: Values }
  | { found: "error"; error: FlowError };

/** Whether there is anything to find out. */
export function needsPreflight({ spec, expressions }: PreparedNode, cache: NodeCache | undefined): boolean {
  return expressions?.when !== undefined || (cache !== undefined && spec.cache !== undefined);
}

/** Evaluates a node's condition and looks into the cache. Never rejects; trouble with the cache is nothing found. */
export async function preflight(
  node: PreparedNode,
  inputs: Values,
  scope: () => ExpressionScope,
  cache: NodeCache | undefined,
): Promise<Finding> {
  try {
    const { when } = node.expressions ?? {};
    if (when !== undefined && !(await when.evaluate(scope()))) return { found: "unwanted" };
    if (cache === undefined || node.spec.cache === undefined) return { found: "nothing" };
    return await lookUp(await resolveConfig(node, scope), inputs, cache);
  } catch (thrown) {
    return { found: "error", error: toFlowError(thrown) };
  }
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
