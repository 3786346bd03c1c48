import { type FlowError, toFlowError } from "../../engine/errors.ts";
import { type Issue, WorkflowError } from "../../engine/issue.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import { checkDocument } from "../../engine/parse.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import { CallCircles } from "../call_circles.ts";
import { calledFiles } from "../called_files.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { formatIssues } from "../render/issues.ts";
import { isTestFile } from "../testing/find_test_files.ts";
import { loadNodeFiles, readWorkflowFile, resolvePath } from "../workflow_file.ts";

/** Flags of `flow validate`. */
export interface ValidateFlags extends CommonFlags {
  readonly json?: boolean | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** What there is to say about one file. */
interface FileReport {
  file: string;
  /** The file whose `flow.call` names this one, if nobody else did. */
  called_by?: string;
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
  const waiting: FileReference[] = files.map((file) => ({ file, nodes: userNodes }));
  const seen = new Set(files.map((file) => resolvePath(context, file)));
  const circles = new CallCircles(context);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { report, calls, nodes } = await checkFile(context, next, circles);
    reports.push(report);
    if (!flags.json) printReport(context, report);
    for (const file of calls) {
      const path = resolvePath(context, file);
      if (!seen.has(path)) waiting.push({ file, called_by: next.file, nodes });
      seen.add(path);
    }
  }
  if (flags.json) context.out.write(`${JSON.stringify(toJson(reports), null, 2)}\n`);
  return exitCodeOf(reports);
}

interface FileReference extends Pick<FileReport, "file" | "called_by"> {
  /** Node types that it can use, besides the built-in ones: also those of whoever calls it. */
  readonly nodes: readonly NodeDefinition[];
}

/** A report, and the documents that the file calls, with the node types that they can use. */
interface CheckedFile {
  readonly report: FileReport;
  readonly calls: readonly string[];
  readonly nodes: readonly NodeDefinition[];
}

async function checkFile(
  context: CliContext,
  { nodes: given, ...reference }: FileReference,
  circles: CallCircles,
): Promise<CheckedFile> {
  const { file } = reference;
  const isCalled = reference.called_by !== undefined;
  const invalid = (issues: readonly Issue[], error?: FlowError) => ({
    report: { ...reference, valid: false, issues, ...(error === undefined ? {} : { error }) },
    calls: [],
    nodes: [],
  });
  try {
    if (isTestFile(file) && !isCalled) {
      const { checkTestFile } = await import("../testing/run_test_file.ts");
      const total_tests = await checkTestFile(context, file, given);
      return { report: { ...reference, valid: true, total_tests, issues: [] }, calls: [], nodes: [] };
    }
    const found = await readWorkflowFile(context, file, { isCalled });
    const nodes = [...given, ...found.nodes];
    const registry = openRegistry(context.platform, nodes);
    const { workflow, issues } = await checkDocument(found.source, { registry, filename: found.filename });
    if (workflow === undefined) return invalid(issues);
    const ofCalls = await circles.check(found, workflow, registry);
    const report = {
      ...reference,
      valid: ofCalls.every(({ severity }) => severity === "warning"),
      total_nodes: workflow.nodes.length,
      issues: [...issues, ...ofCalls],
    };
    return { report, calls: found.path === undefined ? [] : [...(await calledFiles(workflow, file)).keys()], nodes };
  } catch (thrown) {
    const error = toFlowError(thrown);
    if (error.code === "internal") throw error;
    return error instanceof WorkflowError ? invalid(error.issues) : invalid([], error);
  }
}

function printReport({ out, outStyle: style }: CliContext, report: FileReport): void {
  if (report.error !== undefined) {
    const { message, hint } = report.error;
    const caller = report.called_by === undefined ? "" : `${report.called_by}: `;
    return out.write(
      `${style.red("error:")} ${caller}${message}\n${hint === undefined ? "" : `  ${style.dim(hint)}\n`}`,
    );
  }
  out.write(formatIssues(report.issues, style));
  if (!report.valid) return;
  const { file, total_nodes = 0, total_tests } = report;
  const caller = report.called_by === undefined ? "" : `, called by ${report.called_by}`;
  const parts = total_tests === undefined ? count(total_nodes, "node") : count(total_tests, "test");
  out.write(`${file}: ${style.green("valid")}, ${parts}${caller}\n`);
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
