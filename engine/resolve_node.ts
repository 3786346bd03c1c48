import { type ErrorInfo, FlowError } from "./errors.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { formatPath } from "./issue.ts";
import { quote } from "./plain.ts";
import type { PreparedNode } from "./prepare.ts";
import { settleAll, then } from "./settle.ts";
import type { Values } from "./value.ts";
import { parseWith, type SchemaProblem } from "./zod_issues.ts";

/** A node as it is for one attempt, and what stands on its ports. */
export interface ResolvedNode {
  node: PreparedNode;
  inputs: Values;
}

/**
 * Evaluates the expressions of a node, and puts the values that its document gives to its ports where nothing has come.
 *
 * @throws {FlowError} `expression_failed`; `invalid_config` if a value does not fit. Or rejects with it.
 */
export function resolveNode(
  node: PreparedNode,
  inputs: Values,
  scope: () => ExpressionScope,
): ResolvedNode | Promise<ResolvedNode> {
  const { config, inputs: given } = node.expressions ?? {};
  const merge = (own: Values | undefined) => own === undefined ? inputs : { ...own, ...inputs };
  if (config === undefined && given === undefined) return { node, inputs: merge(node.spec.inputs) };
  const seen = scope();
  return then(settleAll([config, given], (part) => part?.evaluate(seen)), ([values, own]) => ({
    node: values === undefined ? node : { ...node, config: parseConfig(node, values) },
    inputs: merge(own ?? node.spec.inputs),
  }));
}

function parseConfig(node: PreparedNode, values: Values): unknown {
  const parsed = parseWith(node.definition.config, values);
  if (parsed.ok) return parsed.value;
  const { code, message, hint } = describeMisfit(parsed.problems);
  throw new FlowError(code, `Node ${quote(node.spec.id)}: ${message}`, { hint });
}

/** Why a config does not fit its node type, now that its expressions are known. */
export function describeMisfit([problem]: readonly SchemaProblem[]): ErrorInfo {
  const place = formatPath(["config", ...problem?.path ?? []]);
  return {
    code: "invalid_config",
    message: `${place}: ${problem?.complaint ?? "wrong value"}`,
    hint: "Check what the expression there yields.",
  };
}
