import { formatPath, type IssueCode, type IssueList, type Path } from "./issue.ts";
import { quote, showValue } from "./plain.ts";
import { didYouMean } from "./suggest.ts";
import { type SchemaProblem, valueAt } from "./zod_issues.ts";

/** What a schema's problems are about, so that they can be told in the words of the document. */
export interface ProblemContext {
  /** What messages start with: `Node "fetch"`, `Workflow`. */
  subject: string;
  /** The value that was parsed. */
  root: unknown;
  /** Where `root` is in the document. */
  path: Path;
  /** What messages call the place of `root` inside of the subject; empty: it is the subject. */
  shownPath: Path;
  /** The keys that may stand at the top of `root`. */
  knownKeys: readonly string[];
  /** For all but unknown and missing keys; default: by kind. */
  code?: IssueCode;
}

/** Adds a problem that a schema found. */
export function reportProblem(issues: IssueList, problem: SchemaProblem, context: ProblemContext): void {
  const path = [...context.path, ...problem.path];
  const shownPath = [...context.shownPath, ...problem.path];
  const { subject } = context;
  if (problem.kind === "unknown_key") {
    const knownKeys = problem.path.length === 1 ? context.knownKeys : [];
    reportUnknownKey(issues, subject, path, shownPath, knownKeys);
  } else if (problem.kind === "missing_key" && problem.path.length > 0) {
    issues.error("missing_key", path, () => `${subject} has no ${formatPath(shownPath)}: ${problem.complaint}`);
  } else {
    const place = shownPath.length === 0 ? subject : `${subject}: ${formatPath(shownPath)}`;
    const separator = problem.complaint.startsWith("expected ") ? ", " : ": ";
    const actual = () => showValue(valueAt(context.root, problem.path));
    issues.error(context.code ?? problem.kind, path, () => `${place} is ${actual()}${separator}${problem.complaint}`);
  }
}

/** Adds an error about the key at the end of `path`. */
export function reportUnknownKey(
  issues: IssueList,
  subject: string,
  path: Path,
  shownPath: Path,
  knownKeys: readonly string[],
): void {
  const key = String(path.at(-1));
  const owner = formatPath(shownPath.slice(0, -1));
  issues.error(
    "unknown_key",
    path,
    () => `${subject} has an unknown key${owner === "" ? "" : ` in ${owner}`}: ${quote(key)}`,
    () => didYouMean(key, knownKeys, "keys") ?? "Remove it.",
  );
}
