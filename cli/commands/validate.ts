import { type FlowError, toFlowError } from "../../engine/errors.ts";
import { type Issue, WorkflowError } from "../../engine/issue.ts";
import { checkDocument } from "../../engine/parse.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { formatIssues } from "../render/issues.ts";
import { isTestFile } from "../testing/find_test_files.ts";
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
  /** Of a test file. */
  total_tests?: number;
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
    if (isTestFile(file)) {
      const { checkTestFile } = await import("../testing/run_test_file.ts");
      return { file, valid: true, total_tests: await checkTestFile(context, file, userNodes), issues: [] };
    }
    const { source, filename, nodes } = await readWorkflowFile(context, file);
    const registry = openRegistry(context.platform, [...userNodes, ...nodes]);
    const { workflow, issues } = await checkDocument(source, { registry, filename });
    if (workflow === undefined) return { file, valid: false, issues };
    return { file, valid: true, total_nodes: workflow.nodes.length, issues };
  } catch (thrown) {
    const error = toFlowError(thrown);
    if (error.code === "internal") throw error;
    if (error instanceof WorkflowError) return { file, valid: false, issues: error.issues };
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
  const { file, total_nodes = 0, total_tests } = report;
  const parts = total_tests === undefined ? count(total_nodes, "node") : count(total_tests, "test");
  out.write(`${file}: ${style.green("valid")}, ${parts}\n`);
}

function count(total: number, noun: string): string {
  return total === 1 ? `1 ${noun}` : `${total} ${noun}s`;
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
