import { formatIssue } from "../../engine/issue.ts";
import { escapeXml } from "../render/xml_text.ts";
import { createStyle } from "../style.ts";
import { describeProblem } from "./report_text.ts";
import { countTests, type FileResult, type TestResult, type TestRun } from "./test_results.ts";

/** The results as JUnit XML, as CI servers read it (https://github.com/testmoapp/junitxml). */
export function formatJunit(run: TestRun): string {
  const { passed, failed, invalid } = countTests(run);
  const counts = {
    tests: passed + failed + invalid,
    failures: failed,
    errors: invalid,
    time: seconds(run.files.flatMap(({ tests }) => tests)),
  };
  const suites = run.files.map(formatSuite).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${
    attributes({ name: "flow test", ...counts })
  }>\n${suites}</testsuites>\n`;
}

function formatSuite(file: FileResult): string {
  const failures = file.tests.filter(({ status }) => status === "failed").length;
  const errors = file.error === undefined ? 0 : 1;
  const counts = { tests: file.tests.length + errors, failures, errors, time: seconds(file.tests) };
  const cases = file.tests.map((test) => formatCase(file.file, test)).join("") +
    (errors === 0 ? "" : formatError(file));
  return `  <testsuite${attributes({ name: file.file, ...counts })}>\n${cases}  </testsuite>\n`;
}

function formatCase(file: string, test: TestResult): string {
  const { line, status, name } = test;
  const head = attributes({
    name,
    classname: file,
    file,
    ...(line === undefined ? {} : { line }),
    time: seconds([test]),
  });
  if (status === "passed") return `    <testcase${head}/>\n`;
  const style = createStyle(false);
  const text = test.problems.map((problem) => describeProblem(problem, style)).join("");
  const message = test.problems[0]?.message ?? "failed";
  return `    <testcase${head}>\n      <failure${attributes({ message })}>${
    escapeXml(text)
  }</failure>\n    </testcase>\n`;
}

function formatError({ file, issues, error }: FileResult): string {
  const text = issues.length > 0 ? issues.map(formatIssue).join("\n") : error?.message ?? "";
  const head = attributes({ name: "the file is valid", classname: file, file, time: "0" });
  return `    <testcase${head}>\n      <error${attributes({ message: error?.message ?? "" })}>${
    escapeXml(text)
  }</error>\n    </testcase>\n`;
}

function seconds(tests: readonly TestResult[]): string {
  return (tests.reduce((sum, { duration_ms }) => sum + duration_ms, 0) / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values).map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`).join("");
}
