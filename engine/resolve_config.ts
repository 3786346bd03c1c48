import { FlowError } from "./errors.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { formatPath } from "./issue.ts";
import { quote } from "./plain.ts";
import type { PreparedNode } from "./prepare.ts";
import { then } from "./settle.ts";
import type { Values } from "./value.ts";
import { parseWith } from "./zod_issues.ts";

/**
 * The node with its config as it is for one attempt: itself if there are no expressions in it.
 *
 * @throws {FlowError} `expression_failed`; `invalid_config` if a value does not fit. Or rejects with it.
 */
export function resolveConfig(node: PreparedNode, scope: () => ExpressionScope): PreparedNode | Promise<PreparedNode> {
  const { config } = node.expressions ?? {};
  if (config === undefined) return node;
  return then(config.evaluate(scope()), (values) => ({ ...node, config: parseConfig(node, values) }));
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
