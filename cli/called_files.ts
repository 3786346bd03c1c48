import { HANDLERS } from "../engine/events.ts";
import { everyNode } from "../engine/handlers.ts";
import type { Path } from "../engine/issue.ts";
import { checkDocument } from "../engine/parse.ts";
import type { NodeSpec, Workflow } from "../engine/workflow.ts";
import type { CliContext } from "./context.ts";
import { readWorkflowFile } from "./workflow_file.ts";

/** A `flow.call` that names a document. */
export interface FileCall {
  readonly node: NodeSpec;
  /** The node's place in the calling document. */
  readonly place: Path;
  /** What it calls, seen from where the calling document's own name is. */
  readonly file: string;
}

/** Whether nodes of a workflow run documents by `flow.call`. */
export function hasFileCalls(workflow: Workflow): boolean {
  return everyNode(workflow).some((node) => calledName(node) !== undefined);
}

/** The calls of the workflow in `file`, in the order of the document. Names that only running tells are left out. */
export async function listFileCalls({ nodes, settings }: Workflow, file: string): Promise<FileCall[]> {
  const { dirname, isAbsolute, join } = await import("node:path");
  const lists: [Path, readonly NodeSpec[]][] = [
    [["nodes"], nodes],
    ...HANDLERS.map((name): [Path, readonly NodeSpec[]] => [["settings", name], settings[name] ?? []]),
  ];
  return lists.flatMap(([path, specs]) =>
    specs.flatMap((node, index): FileCall[] => {
      const name = calledName(node);
      if (name === undefined) return [];
      return [{ node, place: [...path, index], file: isAbsolute(name) ? name : join(dirname(file), name) }];
    })
  );
}

function calledName({ node_type, config: { file } }: NodeSpec): string | undefined {
  return node_type === "flow.call" && typeof file === "string" && !file.includes("${{") ? file : undefined;
}

/** The documents that nodes of the workflow in `file` run by `flow.call`, each with the ids of these nodes. */
export async function calledFiles(workflow: Workflow, file: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const { node, file: called } of await listFileCalls(workflow, file)) {
    found.set(called, [...found.get(called) ?? [], node.id]);
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
export async function readQuietly(context: CliContext, file: string): Promise<Workflow | undefined> {
  try {
    const { source, filename } = await readWorkflowFile(context, file, { isCalled: true });
    return (await checkDocument(source, { filename })).workflow;
  } catch {
    return undefined;
  }
}
