import { FlowError } from "./errors.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { formatPath } from "./issue.ts";
import { quote } from "./plain.ts";
import type { PreparedNode } from "./prepare.ts";
import { settleAll, then } from "./settle.ts";
import type { Values } from "./value.ts";
import { parseWith } from "./zod_issues.ts";

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

function parseConfig({ spec, definition }: PreparedNode, values: Values): unknown {
  const parsed = parseWith(definition.config, values);
  if (parsed.ok) return parsed.value;
  const [problem] = parsed.problems;
  const place = formatPath(["config", ...problem?.path ?? []]);
  throw new FlowError("invalid_config", `Node ${quote(spec.id)}: ${place}: ${problem?.complaint ?? "wrong value"}`, {
    hint: "Check what the expression there yields.",
  });
}
