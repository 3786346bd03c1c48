import { checkInputs } from "../engine/check_inputs.ts";
import { WorkflowError } from "../engine/issue.ts";
import { loadLanguageOf } from "../engine/language.ts";
import { limitTime, prepareWorkflow } from "../engine/prepare.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import { planRun, type RunPlan } from "../engine/run_plan.ts";
import { resolveSecrets } from "../engine/secrets.ts";
import type { Values } from "../engine/value.ts";
import { toWire } from "../engine/wire.ts";
import type { Workflow } from "../engine/workflow.ts";
import { outcomeOf, success } from "../server/outcome.ts";
import type { CliContext } from "./context.ts";
import { formatRunPlan } from "./render/run_plan.ts";
import { openSecrets, type SecretFlags } from "./secret_sources.ts";

/** What `flow run --dry-run` shows. */
interface DryRun {
  workflow: Workflow;
  registry: NodeRegistry;
  inputs: Values;
  json: boolean;
  /** Whether it would run on another machine, with secrets and variables of its own. */
  isRemote: boolean;
  /** Milliseconds. */
  timeout: number | undefined;
}

/**
 * Shows what a run would do. Nothing runs, and nothing is stored.
 *
 * @throws {WorkflowError} `invalid_workflow` if it could not start
 */
export async function showRunPlan(context: CliContext, flags: SecretFlags, run: DryRun): Promise<number> {
  const { platform, out, outStyle } = context;
  const { registry, inputs, json, isRemote } = run;
  const workflow = limitTime(run.workflow, run.timeout);
  await loadLanguageOf(workflow);
  const prepared = prepareWorkflow(workflow, registry);
  const issues = checkInputs(workflow, registry, inputs);
  if (issues.some(({ severity }) => severity === "error")) throw new WorkflowError("invalid_workflow", issues);
  if (!isRemote) await resolveSecrets(prepared, openSecrets(platform, flags, platform.cwd()), inputs);
  const plan = await planRun(prepared, inputs, isRemote ? undefined : (name) => platform.env(name));
  out.write(json ? `${JSON.stringify(toWire(plan as unknown as Values), null, 2)}\n` : formatRunPlan(plan, outStyle));
  return exitCodeOf(plan);
}

/** A node that is known to fail is as bad as a document that is. */
function exitCodeOf({ nodes }: RunPlan): number {
  const broken = nodes.find(({ error }) => error !== undefined)?.error;
  return broken === undefined ? success.exit_code : outcomeOf(broken.code).exit_code;
}
