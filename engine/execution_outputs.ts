import { FlowError, toFlowError } from "./errors.ts";
import type { Verdict } from "./events.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { PreparedWorkflow } from "./prepare.ts";

/** Adds the declared outputs to a verdict of success. If one cannot be evaluated, the execution has failed. */
export async function evaluateOutputs(
  { workflow, outputs }: PreparedWorkflow,
  scope: () => ExpressionScope,
  verdict: Verdict,
): Promise<Verdict> {
  if (verdict.status !== "succeeded" || workflow.outputs === undefined) return verdict;
  if (outputs === undefined) return { ...verdict, outputs: workflow.outputs };
  try {
    return { ...verdict, outputs: await outputs.evaluate(scope()) };
  } catch (thrown) {
    const { code, message, hint } = toFlowError(thrown);
    const error = new FlowError("node_failed", `Outputs: ${message}`, { hint, details: { code } });
    return { status: "failed", error: error.toInfo() };
  }
}
