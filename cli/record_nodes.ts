import type { NodeDefinition } from "../engine/node.ts";
import type { ExecutionRecord } from "../engine/store.ts";
import type { CliContext } from "./context.ts";
import { isModule, loadNodeFiles, readWorkflowFile } from "./workflow_file.ts";

/** The node types that an earlier execution was started with, as far as they can be had: its module's, and `files`'. */
export async function loadRecordNodes(
  context: CliContext,
  { source }: ExecutionRecord,
  files: readonly string[] | undefined,
): Promise<NodeDefinition[]> {
  const given = await loadNodeFiles(context, files);
  const isThere = source !== undefined && isModule(source) && await context.platform.stat(source) !== undefined;
  return isThere ? [...(await readWorkflowFile(context, source)).nodes, ...given] : given;
}
