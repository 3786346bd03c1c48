import type { Issue } from "../../engine/issue.ts";
import type { Position } from "../../engine/source.ts";
import type { Coverage } from "./coverage.ts";
import type { Problem } from "./expectations.ts";

/** A problem with its place in the test file. */
export interface PlacedProblem extends Problem, Partial<Position> {
  file: string;
}

/** How one test went. */
export interface TestResult extends Partial<Position> {
  name: string;
  status: "passed" | "failed";
  /** Real milliseconds. */
  duration_ms: number;
  problems: PlacedProblem[];
}

/** How the tests of a file went. */
export interface FileResult {
  file: string;
  tests: TestResult[];
  /** Why none of them could run. */
  issues: readonly Issue[];
  error?: { message: string; hint?: string | undefined; code: string };
}

/** How all tests went. */
export interface TestRun {
  files: FileResult[];
  /** Left out by `--filter`. */
  filtered: number;
  coverage?: Coverage[];
}

/** How many tests passed, and how many failed. */
export function countTests({ files }: TestRun): { passed: number; failed: number; invalid: number } {
  const tests = files.flatMap((file) => file.tests);
  const passed = tests.filter(({ status }) => status === "passed").length;
  return { passed, failed: tests.length - passed, invalid: files.filter(({ error }) => error !== undefined).length };
}
