import { formatPath } from "../../engine/issue.ts";
import type { Value } from "../../engine/value.ts";
import { stringifyValue, toWire } from "../../engine/wire.ts";
import { formatDuration } from "../duration.ts";
import { formatIssues } from "../render/issues.ts";
import { cleanLine } from "../render/text.ts";
import { formatComplaint } from "../report_error.ts";
import type { Style } from "../style.ts";
import { diffLines } from "./diff_lines.ts";
import { countTests, type FileResult, type PlacedProblem, type TestResult, type TestRun } from "./test_results.ts";

/** Values that are longer stand on lines of their own. */
const MAX_INLINE = 80;

/** One line of what a test shows, and below it what is wrong. */
export function formatTest(result: TestResult, style: Style): string {
  const isPassed = result.status === "passed";
  const mark = isPassed ? style.green("✓") : style.red("✗");
  const head = `  ${mark} ${cleanLine(result.name)} ${style.dim(`(${formatDuration(result.duration_ms)})`)}\n`;
  return head + result.problems.map((problem) => formatProblem(problem, style)).join("");
}

function formatProblem({ file, line, column, message, hint, ...compared }: PlacedProblem, style: Style): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  const lines = [`${cleanLine(place)}: ${cleanLine(message)}`];
  if ("expected" in compared || "actual" in compared) {
    lines.push(...formatDifference(compared.expected, compared.actual, style));
  }
  if (hint !== undefined) lines.push(style.dim(cleanLine(hint)));
  const [first, ...rest] = lines;
  return [`      ${first}`, ...rest.map((text) => `        ${text}`)].join("\n") + "\n";
}

/** What was expected and what came, side by side or line by line. */
function formatDifference(expected: Value | undefined, actual: Value | undefined, style: Style): string[] {
  const [a, b] = [showInline(expected), showInline(actual)];
  if (a !== undefined && b !== undefined) return [`expected: ${style.green(a)}`, `  actual: ${style.red(b)}`];
  const paints = { "-": style.green, "+": style.red, " ": style.dim };
  const lines = diffLines(showLines(expected), showLines(actual));
  return ["expected (-) and actual (+):", ...lines.map(({ sign, text }) => paints[sign](`${sign} ${text}`))];
}

/** Undefined if it is too long for that. */
function showInline(value: Value | undefined): string | undefined {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" && value.includes("\n") ? undefined : stringifyValue(value);
  return text === undefined || text.length > MAX_INLINE ? undefined : cleanLine(text);
}

function showLines(value: Value | undefined): string[] {
  if (value === undefined) return ["nothing"];
  const text = typeof value === "string" ? value : JSON.stringify(toWire(value), null, 2);
  return text.split("\n").map(cleanLine);
}

/** Why no test of a file could run. */
export function formatInvalid({ issues, error }: FileResult, style: Style): string {
  if (issues.length > 0) return formatIssues(issues, style);
  return error === undefined ? "" : formatComplaint(error, style);
}

/** The end of a report: what tests have left out, and how many passed. */
export function formatSummary(run: TestRun, style: Style): string {
  const { passed, failed, invalid } = countTests(run);
  const parts = [style.green(`${passed} passed`)];
  if (failed > 0) parts.push(style.red(`${failed} failed`));
  if (invalid > 0) parts.push(style.red(`${invalid} ${invalid === 1 ? "file" : "files"} invalid`));
  if (run.filtered > 0) parts.push(style.dim(`${run.filtered} filtered out`));
  return `${(run.coverage ?? []).map((part) => formatCoverage(part, style)).join("")}${parts.join(", ")}\n`;
}

function formatCoverage(
  { workflow, nodes, never_ran, never_taken }: NonNullable<TestRun["coverage"]>[number],
  style: Style,
): string {
  const lines = [
    `${style.bold(`coverage of ${cleanLine(workflow)}`)}: ${nodes - never_ran.length} of ${nodes} nodes ran`,
  ];
  if (never_ran.length > 0) lines.push(`  never ran:   ${never_ran.map(cleanLine).join(", ")}`);
  if (never_taken.length > 0) lines.push(`  never taken: ${never_taken.map(cleanLine).join(", ")}`);
  return lines.join("\n") + "\n";
}

/** Where a problem is, and what: for machines that show only text. */
export function describeProblem(problem: PlacedProblem, style: Style): string {
  return formatProblem(problem, style).replaceAll(/^ {6}/gm, "");
}

/** The place of what was expected, in the words of the test file. */
export function nameExpectation({ path }: PlacedProblem): string {
  return formatPath(path);
}
