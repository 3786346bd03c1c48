import type { IssueCode, IssueList, Path } from "./issue.ts";
import { formatPath } from "./issue.ts";
import { didYouMean } from "./suggest.ts";
import { type SchemaProblem, valueAt } from "./zod_issues.ts";
import { showValue } from "./plain.ts";

/** What a problem is about, so that it can be told in the words of the document. */
export interface ProblemContext {
  /** What the message starts with: `Node "fetch"`, `Input`. */
  subject: string;
  /** The value that was parsed. */
  root: unknown;
  /** Where `root` is in the document. */
  pathInDocument: Path;
  /** How messages call the place of `root`; empty: not at all. */
  shownPath: Path;
  /** The keys that may stand at the top of `root`. */
  knownKeys: readonly string[];
  /** For all but unknown and missing keys; default: by kind. */
  code?: IssueCode;
}

/** Adds a problem that a schema found, told in plain words. */
export function reportProblem(issues: IssueList, problem: SchemaProblem, context: ProblemContext): void {
  const path = [...context.pathInDocument, ...problem.path];
  const place = formatPath([...context.shownPath, ...problem.path]);
  const { subject } = context;
  if (problem.kind === "unknown_key") {
    const key = problem.key ?? "";
    const known = problem.path.length === 1 ? context.knownKeys : [];
    const owner = formatPath([...context.shownPath, ...problem.path.slice(0, -1)]);
    issues.error(
      "unknown_key",
      path,
      () => `${subject} has an unknown key${owner === "" ? "" : ` in ${owner}`}: ${JSON.stringify(key)}`,
      () => didYouMean(key, known, "keys") ?? "Remove it.",
    );
  } else if (problem.kind === "missing_key") {
    issues.error("missing_key", path, () => `${subject} has no ${place}: expected ${problem.expected}`);
  } else {
    const code = context.code ?? problem.kind;
    issues.error(
      code,
      path,
      () => `${subject}: ${place} is ${showValue(valueAt(context.root, problem.path))}, expected ${problem.expected}`,
    );
  }
}
