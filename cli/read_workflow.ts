import { checkInputs } from "../engine/check_inputs.ts";
import { everyNode } from "../engine/handlers.ts";
import { type Issue, WorkflowError } from "../engine/issue.ts";
import { checkDocument } from "../engine/parse.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { Values } from "../engine/value.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { CliContext } from "./context.ts";
import { formatIssues } from "./render/issues.ts";
import type { WorkflowFile } from "./workflow_file.ts";

/** Whether warnings are shown. */
interface WarningFlags {
  readonly quiet?: boolean | undefined;
}

/** The workflow in a file; tells on stderr what is odd about it. @throws {WorkflowError} */
export async function readWorkflow(
  context: CliContext,
  { source, filename }: WorkflowFile,
  registry: NodeRegistry,
  flags: WarningFlags,
): Promise<Workflow> {
  const { workflow, issues, isUnreadable } = await checkDocument(source, {
    registry,
    filename,
    defaultName: workflowNameFor(filename),
  });
  if (workflow === undefined) throw new WorkflowError(isUnreadable ? "invalid_document" : "invalid_workflow", issues);
  showWarnings(context, issues, flags);
  return workflow;
}

/** @throws {WorkflowError} if the workflow in a file calls itself without end, directly or by others */
export async function refuseEndlessCalls(
  context: CliContext,
  found: WorkflowFile,
  workflow: Workflow,
  registry: NodeRegistry,
): Promise<void> {
  if (!everyNode(workflow).some(({ node_type }) => node_type === "flow.call")) return;
  const { CallCircles } = await import("./call_circles.ts");
  await new CallCircles(context).refuseEndless(found, workflow, registry);
}

/** What a workflow without name and id is called: its file, without folder and extension. */
export function workflowNameFor(filename: string): string {
  const name = filename.replace(/^.*[\\/]/, "");
  return name.replace(/(?<=.)\.[^.]*$/, "");
}

/** Tells on stderr which inputs nobody takes; what is wrong with them the engine tells. */
export function warnOfInputs(
  context: CliContext,
  workflow: Workflow,
  registry: NodeRegistry,
  inputs: Values,
  flags: WarningFlags,
): void {
  if (Object.keys(inputs).length === 0) return;
  const issues = checkInputs(workflow, registry, inputs);
  if (issues.every(({ severity }) => severity === "warning")) showWarnings(context, issues, flags);
}

function showWarnings({ err, errStyle }: CliContext, issues: readonly Issue[], { quiet }: WarningFlags): void {
  if (!quiet && issues.length > 0) err.write(formatIssues(issues, errStyle));
}
