import { openSound } from "../../engine/format_document.ts";
import { type Issue, IssueList, type Path, WorkflowError } from "../../engine/issue.ts";
import { isPlainObject, showValue } from "../../engine/plain.ts";
import { MAX_DOCUMENT_BYTES } from "../../engine/read_source.ts";
import { reportProblem } from "../../engine/report.ts";
import type { Position, SourceDocument } from "../../engine/source.ts";
import { decodeValues } from "../../engine/tagged.ts";
import type { Values } from "../../engine/value.ts";
import { parseWith } from "../../engine/zod_issues.ts";
import type { CliContext } from "../context.ts";
import { checkKeys, withoutNulls } from "./check_keys.ts";
import { checkMatchers } from "./compare.ts";
import { type Mock, type MockAttempt, type MockItem, type TestFile, testFileSchema } from "./test_schema.ts";

/** A test file that was read. */
export class TestDocument {
  readonly filename: string;
  readonly spec: TestFile;
  /** What has been found wrong so far. */
  readonly issues: IssueList;
  readonly #source: SourceDocument;

  constructor(filename: string, spec: TestFile, source: SourceDocument, issues: IssueList) {
    this.filename = filename;
    this.spec = spec;
    this.issues = issues;
    this.#source = source;
  }

  /** Where `path` stands in the file, or the closest thing around it. */
  locate(path: Path): Position | undefined {
    return this.#source.locate([{ path, key: false }])[0];
  }

  /** @throws {WorkflowError} `invalid_workflow` if there is an error among the issues */
  refuse(): void {
    if (!this.issues.hasErrors) return;
    throw new WorkflowError("invalid_workflow", placeIssues(this.issues.toArray(), this.#source, this.filename));
  }
}

/**
 * Reads a test file and checks its shape; what is wrong with parts of it is among its issues.
 *
 * @throws {WorkflowError} if nothing can be made of it
 * @throws {FlowError} `not_found` and the like if it cannot be read
 */
export async function readTestFile({ platform }: CliContext, filename: string): Promise<TestDocument> {
  const bytes = await platform.readFile(filename, MAX_DOCUMENT_BYTES);
  const source = await openSound(bytes, { filename });
  const issues = new IssueList();
  const spec = parseSpec(source.raw, issues);
  if (spec !== undefined) checkSpec(spec, issues);
  if (spec === undefined) {
    throw new WorkflowError("invalid_workflow", placeIssues(issues.toArray(), source, filename));
  }
  return new TestDocument(filename, spec, source, issues);
}

/** Values as they stand in a test file; what is wrong with them was found when it was read. */
export function readValues(raw: Record<string, unknown> | undefined): Values {
  return raw === undefined ? {} : decodeValues(raw, () => {});
}

function placeIssues(issues: readonly Issue[], source: SourceDocument, file: string): Issue[] {
  const positions = source.locate(issues.map(({ path, code }) => ({ path, key: code.startsWith("unknown_") })));
  const placed = issues.map((issue, index): Issue => ({ ...issue, file, ...positions[index] }));
  return placed.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0));
}

function parseSpec(raw: unknown, issues: IssueList): TestFile | undefined {
  if (!isPlainObject(raw)) {
    issues.error(
      "wrong_type",
      [],
      () => `Test file is ${showValue(raw)}, expected an object`,
      () => "Start with workflow: and tests:, as flow schema --tests says.",
    );
    return undefined;
  }
  checkKeys(testFileSchema(), raw, [], issues);
  const parsed = parseWith(testFileSchema(), withoutNulls(testFileSchema(), raw));
  if (parsed.ok) return parsed.value;
  for (const problem of parsed.problems) {
    reportProblem(issues, problem, { subject: "Test file", root: raw, path: [], shownPath: [], knownKeys: [] });
  }
  return undefined;
}

function checkSpec(spec: TestFile, issues: IssueList): void {
  checkSetup(spec, [], issues);
  for (const [index, test] of spec.tests.entries()) {
    const path = ["tests", index];
    checkSetup(test, path, issues);
    const { nodes = {}, outputs, outputs_contain, error } = test.expect ?? {};
    checkExpected({ outputs, outputs_contain, error }, [...path, "expect"], issues);
    for (const [id, node] of Object.entries(nodes)) {
      checkExpected(node, [...path, "expect", "nodes", id], issues);
    }
  }
}

function checkSetup(setup: Pick<TestFile, "inputs" | "mocks" | "mock_types">, path: Path, issues: IssueList): void {
  checkValues(setup.inputs, [...path, "inputs"], issues);
  for (const kind of ["mocks", "mock_types"] as const) {
    for (const [name, mock] of Object.entries(setup[kind] ?? {})) checkMock(mock, [...path, kind, name], issues);
  }
}

function checkMock(mock: Mock, path: Path, issues: IssueList): void {
  checkItem(mock, path, issues);
  for (const [index, item] of (mock.items ?? []).entries()) checkItem(item, [...path, "items", index], issues);
  checkAlone(mock, "items", path, issues);
}

function checkItem(item: MockItem, path: Path, issues: IssueList): void {
  checkAttempt(item, path, issues);
  for (const [index, attempt] of (item.attempts ?? []).entries()) {
    checkAttempt(attempt, [...path, "attempts", index], issues);
  }
  checkAlone(item, "attempts", path, issues);
}

/** A list says all there is to say. */
function checkAlone(mock: Mock, list: "attempts" | "items", path: Path, issues: IssueList): void {
  const others = Object.entries(mock).filter(([key, value]) => key !== list && value !== undefined).map(([key]) => key);
  if (mock[list] === undefined || others.length === 0) return;
  issues.error(
    "wrong_value",
    path,
    () => `Mock has both ${list} and ${others.join(", ")}`,
    () => `Put all of it into ${list}.`,
  );
}

function checkAttempt(attempt: MockAttempt, path: Path, issues: IssueList): void {
  checkValues(attempt.outputs, [...path, "outputs"], issues);
  const ends = [attempt.outputs, attempt.passthrough, attempt.error].filter((end) => end !== undefined);
  if (ends.length < 2) return;
  issues.error(
    "wrong_value",
    path,
    () => "Mock has more than one of outputs, passthrough and error",
    () => "Keep one of them, or list them under attempts.",
  );
}

function checkExpected(expected: Record<string, unknown>, path: Path, issues: IssueList): void {
  for (const [key, raw] of Object.entries(expected)) {
    const values = checkValues({ [key]: raw ?? null }, path, issues);
    for (const { path: inside, message, hint } of checkMatchers(values)) {
      issues.error("wrong_value", [...path, ...inside], () => message, () => hint);
    }
  }
}

function checkValues(raw: Record<string, unknown> | undefined, path: Path, issues: IssueList): Values {
  return decodeValues(raw ?? {}, (place, message, hint) => {
    issues.error("wrong_value", place, () => `A value ${message}`, () => hint);
  }, path);
}
