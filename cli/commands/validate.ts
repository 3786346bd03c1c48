import { type FlowError, toFlowError } from "../../engine/errors.ts";
import type { Issue } from "../../engine/issue.ts";
import { checkDocument } from "../../engine/parse.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { formatIssues } from "../render/issues.ts";
import { loadNodeFiles, readWorkflowFile } from "../workflow_file.ts";

/** Flags of `flow validate`. */
export interface ValidateFlags extends CommonFlags {
  readonly json?: boolean | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** What there is to say about one file. */
interface FileReport {
  file: string;
  valid: boolean;
  /** Of the workflow, if it could be read. */
  total_nodes?: number;
  issues: readonly Issue[];
  /** Why the file could not be read at all. */
  error?: FlowError;
}

/** `flow validate`: all problems of all files. */
export async function validateWorkflows(
  context: CliContext,
  flags: ValidateFlags,
  ...files: string[]
): Promise<number> {
  const userNodes = await loadNodeFiles(context, flags.nodes);
  const reports: FileReport[] = [];
  for (const file of files) {
    const report = await checkFile(context, file, userNodes);
    reports.push(report);
    if (!flags.json) printReport(context, report);
  }
  if (flags.json) context.out.write(`${JSON.stringify(toJson(reports), null, 2)}\n`);
  return exitCodeOf(reports);
}

async function checkFile(
  context: CliContext,
  file: string,
  userNodes: Awaited<ReturnType<typeof loadNodeFiles>>,
): Promise<FileReport> {
  try {
    const { source, filename, nodes } = await readWorkflowFile(context, file);
    const registry = openRegistry(context.platform, [...userNodes, ...nodes]);
    const { workflow, issues } = await checkDocument(source, { registry, filename });
    if (workflow === undefined) return { file, valid: false, issues };
    return { file, valid: true, total_nodes: workflow.nodes.length, issues };
  } catch (thrown) {
    const error = toFlowError(thrown);
    if (error.code === "internal") throw error;
    return { file, valid: false, issues: [], error };
  }
}

function printReport({ out, outStyle: style }: CliContext, report: FileReport): void {
  if (report.error !== undefined) {
    const { message, hint } = report.error;
    return out.write(`${style.red("error:")} ${message}\n${hint === undefined ? "" : `  ${style.dim(hint)}\n`}`);
  }
  out.write(formatIssues(report.issues, style));
  if (!report.valid) return;
  const nodes = report.total_nodes === 1 ? "1 node" : `${report.total_nodes} nodes`;
  out.write(`${report.file}: ${style.green("valid")}, ${nodes}\n`);
}

function toJson(reports: readonly FileReport[]) {
  return {
    valid: reports.every(({ valid }) => valid),
    files: reports.map(({ error, ...report }) => ({ ...report, ...(error ? { error: error.toInfo() } : {}) })),
  };
}

/** A document with problems weighs more than a file that could not be read. */
function exitCodeOf(reports: readonly FileReport[]): number {
  const bad = reports.filter(({ valid }) => !valid);
  if (bad.length === 0) return success.exit_code;
  const unread = bad.every(({ error }) => error !== undefined) ? bad[0]?.error : undefined;
  return outcomeOf(unread?.code ?? "invalid_workflow").exit_code;
}
