import { checkDocument } from "../engine/parse.ts";
import { everyNode } from "../engine/handlers.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { CliContext } from "./context.ts";
import { readWorkflowFile } from "./workflow_file.ts";

/**
 * The documents that nodes of the workflow in `file` run by `flow.call`, each with the ids of these nodes. Names that
 * only running tells are left out.
 */
export async function calledFiles(workflow: Workflow, file: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const { id, node_type, config } of everyNode(workflow)) {
    if (node_type !== "flow.call" || typeof config.file !== "string" || config.file.includes("${{")) continue;
    const { dirname, isAbsolute, join } = await import("node:path");
    const called = isAbsolute(config.file) ? config.file : join(dirname(file), config.file);
    found.set(called, [...found.get(called) ?? [], id]);
  }
  return found;
}

/** The same for all documents that these run in their turn, as far as they can be read. */
export async function allCalledFiles(
  context: CliContext,
  workflow: Workflow,
  file: string,
): Promise<Map<string, string[]>> {
  const found = await calledFiles(workflow, file);
  for (const [called, ids] of found) {
    const inner = await readQuietly(context, called);
    if (inner === undefined) continue;
    for (const path of (await calledFiles(inner, called)).keys()) {
      // A map is walked through to its end, also what is added meanwhile.
      if (path !== file) found.set(path, [...new Set([...found.get(path) ?? [], ...ids])]);
    }
  }
  return found;
}

/** Undefined for what is no workflow at the moment: whoever runs it hears why. */
async function readQuietly(context: CliContext, file: string): Promise<Workflow | undefined> {
  try {
    const { source, filename } = await readWorkflowFile(context, file, { isCalled: true });
    return (await checkDocument(source, { filename })).workflow;
  } catch {
    return undefined;
  }
}
