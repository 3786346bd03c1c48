import { parseWorkflow } from "../../engine/parse.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { workflowNameFor } from "../read_workflow.ts";
import { readWorkflowFile } from "../workflow_file.ts";

/** How a workflow can be drawn. */
export type GraphFormat = "ascii" | "mermaid" | "dot" | "svg";

/** Flags of `flow graph`. */
export interface GraphFlags extends CommonFlags {
  readonly format: GraphFormat;
}

/** Columns of a drawing that goes into a file. */
const FILE_COLUMNS = 120;

/** `flow graph`: draws a workflow. Node types need not be known for that. */
export async function drawGraph(context: CliContext, flags: GraphFlags, file: string): Promise<number> {
  const { source, filename } = await readWorkflowFile(context, file);
  const workflow = await parseWorkflow(source, { filename, defaultName: workflowNameFor(filename) });
  context.out.write(await draw(context, workflow, flags.format));
  return success.exit_code;
}

async function draw({ platform, out }: CliContext, workflow: Workflow, format: GraphFormat): Promise<string> {
  const { partsOf } = await import("../render/drawn_parts.ts");
  const parts = await partsOf(workflow);
  if (format === "svg") return (await import("../render/graph_svg.ts")).drawGraphSvg(parts);
  if (format === "mermaid") return (await import("../render/graph_text.ts")).drawGraphMermaid(parts);
  if (format === "dot") return (await import("../render/graph_text.ts")).drawGraphDot(parts);
  const columns = (out.isTerminal ? platform.terminalSize()?.columns : undefined) ?? FILE_COLUMNS;
  return (await import("../render/graph_ascii.ts")).drawGraphAscii(parts, columns);
}
