import { toFlowError } from "../../engine/errors.ts";
import { type Path, WorkflowError } from "../../engine/issue.ts";
import { checkDocument } from "../../engine/parse.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import type { CliContext } from "../context.ts";
import { openRegistry } from "../open_engine.ts";
import { isPackage, loadNodeFiles, readWorkflowFile } from "../workflow_file.ts";
import { checkNames } from "./check_names.ts";
import type { CoverageCollector } from "./coverage.ts";
import { findProblems } from "./expectations.ts";
import { mergeSetup, runTest, type Subject } from "./run_case.ts";
import { readTestFile, type TestDocument } from "./test_file.ts";
import type { FileResult, TestResult } from "./test_results.ts";
import type { TestSpec } from "./test_schema.ts";

/** How tests are run. */
export interface TestOptions {
  /** Modules with node types, besides those that test files name. */
  nodes: readonly string[];
  isWanted(name: string): boolean;
  coverage: CoverageCollector | undefined;
  onTest(file: string, result: TestResult): void;
}

/** Runs the tests of a file, one after the other. Never throws for what is wrong with the file. */
export async function runTestFile(context: CliContext, file: string, options: TestOptions): Promise<FileResult> {
  const result: FileResult = { file, tests: [], issues: [] };
  try {
    const document = await readTestFile(context, file);
    const wanted = [...document.spec.tests.entries()].filter(([, { name }]) => options.isWanted(name));
    if (wanted.length === 0) return result;
    const subject = await openSubject(context, document, await loadNodeFiles(context, options.nodes));
    for (const [index, test] of wanted) {
      const done = await runOne(document, subject, test, ["tests", index], options);
      result.tests.push(done);
      options.onTest(file, done);
    }
  } catch (thrown) {
    const { message, hint, code } = toFlowError(thrown);
    if (code === "internal") throw thrown;
    result.error = { message, hint, code };
    if (thrown instanceof WorkflowError) result.issues = thrown.issues;
  }
  return result;
}

/**
 * Checks a test file and its workflow without running anything; answers how many tests it has.
 *
 * @throws {WorkflowError} with every problem at once
 */
export async function checkTestFile(
  context: CliContext,
  file: string,
  userNodes: readonly NodeDefinition[],
): Promise<number> {
  const document = await readTestFile(context, file);
  await openSubject(context, document, userNodes);
  return document.spec.tests.length;
}

async function openSubject(
  context: CliContext,
  document: TestDocument,
  userNodes: readonly NodeDefinition[],
): Promise<Subject> {
  try {
    const subject = await readSubject(context, document, userNodes);
    checkNames(document.spec, subject.workflow, subject.registry, document.issues);
    return subject;
  } finally {
    // What is wrong with the tests comes before what is wrong with the workflow.
    document.refuse();
  }
}

async function readSubject(
  context: CliContext,
  document: TestDocument,
  userNodes: readonly NodeDefinition[],
): Promise<Subject> {
  const { filename, spec } = document;
  const beside = (path: string) => besideFile(filename, path);
  const isFile = typeof spec.workflow === "string";
  const found = isFile
    ? await readWorkflowFile(context, beside(spec.workflow as string))
    : { filename, source: spec.workflow, path: undefined, nodes: [] };
  const named = await loadNodeFiles(context, spec.nodes?.map((name) => isPackage(name) ? name : beside(name)));
  const registry = openRegistry(context.platform, [...found.nodes, ...named, ...userNodes]);
  const name = found.filename;
  const checked = await checkDocument(found.source, { registry, filename: name });
  if (checked.workflow === undefined) {
    if (isFile) throw new WorkflowError(checked.isUnreadable ? "invalid_document" : "invalid_workflow", checked.issues);
    throw new WorkflowError(
      "invalid_workflow",
      checked.issues.map((issue) => ({
        ...issue,
        ...document.locate(["workflow", ...issue.path]),
      })),
    );
  }
  return { name, source: found.path, workflow: checked.workflow, registry };
}

/** Paths in a test file start at its folder. */
function besideFile(filename: string, path: string): string {
  if (/^([A-Za-z]:)?[\\/]/.test(path)) return path;
  return filename.replace(/[^\\/]*$/, "") + path;
}

async function runOne(
  document: TestDocument,
  subject: Subject,
  test: TestSpec,
  path: Path,
  { coverage }: TestOptions,
): Promise<TestResult> {
  const startedAt = performance.now();
  const trace = await runTest(subject, mergeSetup(document.spec, test));
  coverage?.add(subject.name, subject.workflow, subject.registry, trace);
  const problems = findProblems(test.expect, trace, path).map((problem) => ({
    ...problem,
    file: document.filename,
    ...document.locate(problem.path),
  }));
  return {
    name: test.name,
    ...document.locate([...path, "name"]),
    status: problems.length === 0 ? "passed" : "failed",
    duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
    problems,
  };
}
