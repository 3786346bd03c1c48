import { type FlowError, toFlowError } from "../../engine/errors.ts";
import { formatDocument } from "../../engine/format_document.ts";
import { WorkflowError } from "../../engine/issue.ts";
import { MAX_DOCUMENT_BYTES } from "../../engine/read_source.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { refuseModule } from "../document_file.ts";
import { formatIssues } from "../render/issues.ts";
import { formatComplaint } from "../report_error.ts";

/** Flags of `flow fmt`. */
export interface FmtFlags extends CommonFlags {
  readonly check?: boolean | undefined;
}

/** What became of one file. */
type Outcome = "same" | "changed" | FlowError;

/** `flow fmt`: writes documents in the one way, or only says which are not. `-` goes from stdin to stdout. */
export async function formatFiles(context: CliContext, flags: FmtFlags, ...files: string[]): Promise<number> {
  const outcomes: Outcome[] = [];
  for (const file of files) {
    const outcome = await formatFile(context, flags, file).catch(toFlowError);
    outcomes.push(outcome);
    tell(context, flags, file, outcome);
  }
  const failure = outcomes.find((outcome) => typeof outcome !== "string");
  if (failure !== undefined) return outcomeOf(failure.code).exit_code;
  const changed = outcomes.filter((outcome) => outcome === "changed").length;
  const named = files.filter((file) => file !== "-").length;
  if (named > 0) context.err.write(summarize(files.length, changed, flags.check ?? false));
  return flags.check && changed > 0 ? outcomeOf("node_failed").exit_code : success.exit_code;
}

async function formatFile({ platform, out }: CliContext, { check }: FmtFlags, file: string): Promise<Outcome> {
  if (file !== "-") refuseModule(file, "format");
  const source = file === "-"
    ? await platform.readStdin(MAX_DOCUMENT_BYTES)
    : await platform.readFile(file, MAX_DOCUMENT_BYTES);
  const result = await formatDocument(source, { filename: file === "-" ? "stdin" : file });
  const isSame = isSameText(source, result);
  if (file === "-" && !check) out.write(result);
  else if (!isSame && !check) await platform.replaceFile(file, result);
  return isSame ? "same" : "changed";
}

function isSameText(source: Uint8Array, result: string): boolean {
  const bytes = new TextEncoder().encode(result);
  return bytes.length === source.length && bytes.every((byte, index) => byte === source[index]);
}

function tell({ out, err, errStyle }: CliContext, { check }: FmtFlags, file: string, outcome: Outcome): void {
  if (outcome instanceof WorkflowError) err.write(formatIssues(outcome.issues, errStyle));
  else if (typeof outcome !== "string") err.write(formatComplaint(outcome, errStyle));
  // The names of the files are the result, the document is that of stdin.
  else if (outcome === "changed" && (check || file !== "-")) out.write(`${file}\n`);
}

function summarize(total: number, changed: number, isCheck: boolean): string {
  const files = total === 1 ? "1 file" : `${total} files`;
  if (changed === 0) return `${files} checked, nothing to change\n`;
  return isCheck
    ? `${changed} of ${files} not formatted: run "flow fmt" on them\n`
    : `${changed} of ${files} changed\n`;
}
