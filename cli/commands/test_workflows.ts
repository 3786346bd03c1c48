import { FlowError } from "../../engine/errors.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { cleanLine } from "../render/text.ts";
import { CoverageCollector } from "../testing/coverage.ts";
import { findTestFiles } from "../testing/find_test_files.ts";
import { formatInvalid, formatSummary, formatTest } from "../testing/report_text.ts";
import { runTestFile, type TestOptions } from "../testing/run_test_file.ts";
import { countTests, type FileResult, type TestRun } from "../testing/test_results.ts";

/** Flags of `flow test`. */
export interface TestFlags extends CommonFlags {
  /** Part of a name, or a regular expression between slashes. */
  readonly filter?: string | undefined;
  readonly reporter?: "text" | "json" | "junit" | undefined;
  readonly json?: boolean | undefined;
  readonly coverage?: boolean | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** `flow test`: runs workflows as test files say, on a fake clock and with mocked nodes. */
export async function testWorkflows(context: CliContext, flags: TestFlags, ...names: string[]): Promise<number> {
  const { out, outStyle } = context;
  const reporter = flags.json ? "json" : flags.reporter ?? "text";
  const files = await findTestFiles(context, names);
  if (files.length === 0) throw noTests(`no *.test.yaml, .json or .jsonc in ${names.join(", ") || "this folder"}`);
  const run: TestRun = { files: [], filtered: 0 };
  const coverage = flags.coverage ? new CoverageCollector() : undefined;
  const options = testOptions(context, flags, run, coverage, reporter === "text");
  for (const file of files) {
    if (reporter === "text") out.write(`${outStyle.bold(cleanLine(file))}\n`);
    const result = await runTestFile(context, file, options);
    run.files.push(result);
    if (reporter === "text") out.write(formatInvalid(result, outStyle));
    await out.flush();
  }
  if (coverage !== undefined) run.coverage = coverage.list();
  const { passed, failed, invalid } = countTests(run);
  if (passed + failed + invalid === 0) {
    throw noTests(`none of the ${run.filtered} tests is called like ${flags.filter}`);
  }
  await report(context, run, reporter);
  return exitCodeOf(run);
}

function testOptions(
  { out, outStyle }: CliContext,
  { filter, nodes = [] }: TestFlags,
  run: TestRun,
  coverage: CoverageCollector | undefined,
  isShown: boolean,
): TestOptions {
  const matches = readFilter(filter);
  return {
    nodes,
    coverage,
    isWanted(name) {
      if (matches(name)) return true;
      run.filtered++;
      return false;
    },
    onTest(_, result) {
      if (isShown) out.write(formatTest(result, outStyle));
    },
  };
}

function readFilter(filter: string | undefined): (name: string) => boolean {
  if (filter === undefined) return () => true;
  const [, pattern] = /^\/(.*)\/$/s.exec(filter) ?? [];
  if (pattern === undefined) return (name) => name.includes(filter);
  try {
    const expression = new RegExp(pattern, "u");
    return (name) => expression.test(name);
  } catch (cause) {
    throw new FlowError("invalid_argument", `Cannot use --filter "${filter}": it is no regular expression`, {
      hint: "Leave the slashes away to look for the text itself.",
      cause,
    });
  }
}

async function report({ out, outStyle }: CliContext, run: TestRun, reporter: "text" | "json" | "junit"): Promise<void> {
  if (reporter === "text") return out.write(formatSummary(run, outStyle));
  if (reporter === "junit") return out.write((await import("../testing/report_junit.ts")).formatJunit(run));
  out.write(`${JSON.stringify({ ...countTests(run), ...run }, null, 2)}\n`);
}

/** A file that cannot be read weighs more than a test that failed. */
function exitCodeOf(run: TestRun): number {
  const unread = run.files.map(({ error }: FileResult) => error).filter((error) => error !== undefined);
  if (unread.length > 0) return outcomeOf(unread[0]?.code ?? "invalid_workflow").exit_code;
  return countTests(run).failed === 0 ? success.exit_code : outcomeOf("node_failed").exit_code;
}

function noTests(why: string): FlowError {
  return new FlowError("invalid_argument", `Cannot test: ${why}`, {
    hint: "Write tests as flow schema --tests and docs/testing.md say.",
  });
}
