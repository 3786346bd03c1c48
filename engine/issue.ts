import { type ErrorCode, FlowError } from "./errors.ts";
import type { Value } from "./value.ts";

/** Where something is in a document: `["nodes", 0, "config", "url"]`. */
export type Path = readonly (string | number)[];

/** What is wrong with a document; part of the API. */
export type IssueCode =
  | "invalid_syntax"
  | "invalid_encoding"
  | "empty_document"
  | "too_large"
  | "too_deep"
  | "duplicate_key"
  | "wrong_type"
  | "wrong_value"
  | "missing_key"
  | "unknown_key"
  | "reserved_name"
  | "invalid_config"
  | "invalid_expression"
  | "dynamic_reference"
  | "unknown_name"
  | "duplicate_node"
  | "unknown_node"
  | "unknown_node_type"
  | "unknown_port"
  | "missing_input"
  | "invalid_input"
  | "unused_input"
  | "missing_secret"
  | "unknown_input"
  | "invalid_default"
  | "unsafe_expression"
  | "self_loop"
  | "cycle"
  | "circular_call"
  | "unreachable_node"
  | "duplicate_connection"
  | "several_connections"
  | "too_many_issues";

/** One problem of a document. Errors keep it from running, warnings do not. */
export interface Issue {
  /** Only errors keep a workflow from running. */
  severity: "error" | "warning";
  /** What is wrong, for machines. */
  code: IssueCode;
  /** What is wrong, for people. */
  message: string;
  /** One imperative sentence: what to do about it. */
  hint?: string;
  /** Where in the document, as keys and indexes. */
  path: (string | number)[];
  /** The document, as the caller named it. */
  file?: string;
  /** From 1. */
  line?: number;
  /** From 1, in characters. */
  column?: number;
}

/**
 * A document that cannot run. `issues` has every problem at once, the warnings included.
 *
 * ```ts
 * import { parseWorkflow, WorkflowError } from "flowengine";
 *
 * try {
 *   await parseWorkflow("nodes: [{ id: a }]", { format: "yaml", filename: "draft.yaml" });
 * } catch (error) {
 *   if (error instanceof WorkflowError) for (const { line, message, hint } of error.issues) console.log(line, message, hint);
 * }
 * ```
 */
export class WorkflowError extends FlowError {
  /** Errors and warnings, in the order of the document. */
  readonly issues: readonly Issue[];

  /** Its message is that of the first error. */
  constructor(code: Extract<ErrorCode, "invalid_document" | "invalid_workflow">, issues: readonly Issue[]) {
    const errors = issues.filter((issue) => issue.severity === "error");
    const first = errors[0];
    const isCut = errors.some((issue) => issue.code === "too_many_issues");
    const others = isCut ? " (and many more)" : ` (and ${errors.length - 1} more)`;
    const rest = errors.length > 1 ? others : "";
    super(code, first === undefined ? "Invalid workflow" : formatIssue(first) + rest, {
      hint: first?.hint,
      details: { issues: issues.map((issue) => ({ ...issue }) as { [key: string]: Value }) },
    });
    this.issues = issues;
  }
}

/** `file:line:column: message`, with as much of the place as is known. */
export function formatIssue(issue: Issue): string {
  const place = [issue.file, issue.line, issue.column].filter((part) => part !== undefined).join(":");
  return place === "" ? issue.message : `${place}: ${issue.message}`;
}

/** `nodes[0].config.url`, with names in quotes where they need it. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** How many errors, and how many warnings, are worth a reader's time. */
export const MAX_ISSUES = 100;

/** Collects problems, counting instead of keeping those beyond the first hundred errors and warnings. */
export class IssueList {
  #kept = { error: [] as Issue[], warning: [] as Issue[] };
  #dropped = { error: 0, warning: 0 };
  #toPlace: (path: Path) => Path = (path) => path;

  /** The same list for checks of a part of the document that do not know where in the document it is. */
  placedBy(toPlace: (path: Path) => Path): IssueList {
    const view = new IssueList();
    view.#kept = this.#kept;
    view.#dropped = this.#dropped;
    view.#toPlace = (path) => this.#toPlace(toPlace(path));
    return view;
  }

  error(code: IssueCode, path: Path, message: () => string, hint?: () => string | undefined): void {
    this.#add("error", code, path, message, hint);
  }

  warning(code: IssueCode, path: Path, message: () => string, hint?: () => string | undefined): void {
    this.#add("warning", code, path, message, hint);
  }

  get hasErrors(): boolean {
    return this.#kept.error.length > 0;
  }

  get isEmpty(): boolean {
    return this.#kept.error.length + this.#kept.warning.length === 0;
  }

  /** Errors before warnings, each in the order they were found, closed by "and 12 more". */
  toArray(): Issue[] {
    return (["error", "warning"] as const).flatMap((severity) => {
      const dropped = this.#dropped[severity];
      if (dropped === 0) return this.#kept[severity];
      const noun = dropped === 1 ? severity : `${severity}s`;
      return [...this.#kept[severity], {
        severity,
        code: "too_many_issues",
        message: `And ${dropped} more ${noun}`,
        path: [],
      }];
    });
  }

  /** @throws {WorkflowError} `invalid_workflow` if there is an error. */
  throwIfErrors(): void {
    if (this.hasErrors) throw new WorkflowError("invalid_workflow", this.toArray());
  }

  /** Texts are made only for problems that are kept. */
  #add(
    severity: Issue["severity"],
    code: IssueCode,
    path: Path,
    message: () => string,
    hint?: () => string | undefined,
  ) {
    if (this.#kept[severity].length >= MAX_ISSUES) {
      this.#dropped[severity]++;
      return;
    }
    const issue: Issue = { severity, code, message: message(), path: [...this.#toPlace(path)] };
    const advice = hint?.();
    if (advice !== undefined) issue.hint = advice;
    this.#kept[severity].push(issue);
  }
}
