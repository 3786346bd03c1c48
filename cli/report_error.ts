import { FlowError, toFlowError } from "../engine/errors.ts";
import { WorkflowError } from "../engine/issue.ts";
import { outcomeOf } from "../server/outcome.ts";
import type { CliContext } from "./context.ts";
import { formatIssues } from "./render/issues.ts";
import { cleanLine } from "./render/text.ts";
import type { Style } from "./style.ts";

/** A problem as people read it. */
export interface Complaint {
  message: string;
  hint?: string | undefined;
}

/** What failed, then one line of what to do about it. */
export function formatComplaint({ message, hint }: Complaint, style: Style): string {
  const [first = "", ...rest] = message.split("\n").map(cleanLine);
  const lines = [`${style.red(style.bold("error:"))} ${first}`, ...rest.map((line) => `       ${line}`)];
  if (hint !== undefined) lines.push(`${style.cyan(" hint:")} ${cleanLine(hint)}`);
  return `${lines.join("\n")}\n`;
}

/** Something to know that is no error. */
export function formatNote({ message, hint }: Complaint, style: Style): string {
  const lines = [`${style.yellow(" note:")} ${cleanLine(message)}`];
  if (hint !== undefined) lines.push(`${style.cyan(" hint:")} ${cleanLine(hint)}`);
  return `${lines.join("\n")}\n`;
}

/**
 * Says on stderr what went wrong, and answers the exit code that goes with it. With `json` programs are told too, in a
 * line of stdout, which would else end or stay empty without a reason.
 */
export function reportError(context: CliContext, thrown: unknown, debug: boolean, json = false): number {
  const error = toFlowError(thrown);
  if (json) context.out.write(`${JSON.stringify({ error: error.toInfo() })}\n`);
  if (error instanceof WorkflowError) context.err.write(formatIssues(error.issues, context.errStyle));
  else context.err.write(formatComplaint(complaintOf(error, debug), context.errStyle));
  if (debug) context.err.write(formatStacks(error));
  return outcomeOf(error.code).exit_code;
}

function complaintOf(error: FlowError, debug: boolean): Complaint {
  if (error.code !== "internal" || error.hint !== undefined) return error;
  const hint = debug ? undefined : "This is a bug: run it again with --debug and report what it prints.";
  return { message: `Internal error: ${error.message}`, hint };
}

/** The stack of an error and of all that caused it. */
export function formatStacks(error: unknown): string {
  const stacks: string[] = [];
  for (let cause = error; cause instanceof Error && stacks.length < 10; cause = cause.cause) {
    stacks.push(cause.stack ?? String(cause));
  }
  return `${stacks.join("\ncaused by ")}\n`;
}
