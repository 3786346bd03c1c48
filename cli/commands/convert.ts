import { convertDocument, type DocumentFormat } from "../../engine/convert_document.ts";
import { FlowError } from "../../engine/errors.ts";
import { success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { formatNote } from "../report_error.ts";
import { readWorkflowFile } from "../workflow_file.ts";

/** Flags of `flow convert`. */
export interface ConvertFlags extends CommonFlags {
  readonly to?: DocumentFormat | undefined;
  readonly output?: string | undefined;
  readonly tagged?: boolean | undefined;
  readonly force?: boolean | undefined;
}

/** `flow convert`: a document in another format, on stdout or in a file. */
export async function convertFile(context: CliContext, flags: ConvertFlags, file: string): Promise<number> {
  const { platform, out } = context;
  const to = flags.to ?? formatOfOutput(flags.output);
  if (flags.output !== undefined && !flags.force) await refuseExisting(context, flags.output);
  const { source, filename, nodes } = await readWorkflowFile(context, file);
  const { text, lost_comments } = await convertDocument(source, { filename, to, tagged: flags.tagged });
  if (flags.output === undefined) out.write(text);
  else await platform.replaceFile(flags.output, text);
  if (lost_comments > 0) noteComments(context, lost_comments, to);
  if (nodes.length > 0) noteNodes(context, file);
  return success.exit_code;
}

const FORMATS: Readonly<Record<string, DocumentFormat>> = { json: "json", jsonc: "jsonc", yaml: "yaml", yml: "yaml" };

function formatOfOutput(output: string | undefined): DocumentFormat {
  const extension = /\.([a-z]+)$/i.exec(output ?? "")?.[1]?.toLowerCase() ?? "";
  const format = FORMATS[extension];
  if (format !== undefined) return format;
  throw new FlowError("invalid_argument", "Cannot convert: no format was given", {
    hint: "Add --to json, --to jsonc or --to yaml, or name a file with such an extension with --output.",
  });
}

async function refuseExisting({ platform }: CliContext, path: string): Promise<void> {
  if (await platform.stat(path) === undefined) return;
  throw new FlowError("conflict", `Cannot write "${path}": it exists already`, {
    hint: "Use --force to overwrite it, or --output to write elsewhere.",
  });
}

function noteComments({ err, errStyle }: CliContext, count: number, to: DocumentFormat): void {
  const comments = count === 1 ? "1 comment is" : `${count} comments are`;
  const why = to === "json" ? "JSON has none" : "what they stood in is written out";
  const hint = to === "json" ? "Use --to jsonc to keep them." : "Add them by hand.";
  err.write(formatNote({ message: `${comments} left out: ${why}`, hint }, errStyle));
}

function noteNodes({ err, errStyle }: CliContext, file: string): void {
  err.write(formatNote({
    message: `The node types that "${file}" defines are code, which no document holds`,
    hint: `Run the document with --nodes ${file}.`,
  }, errStyle));
}
