import { listJsonComments, listYamlComments } from "./document_comments.ts";
import { FlowError } from "./errors.ts";
import { type Issue, WorkflowError } from "./issue.ts";
import { printJson } from "./json_printer.ts";
import { readJsonTree } from "./json_tree.ts";
import { quote } from "./plain.ts";
import { formatOf, openSource, parseEmbeddedJson, type SourceHints } from "./read_source.ts";
import { isSameData } from "./same_data.ts";
import type { SourceDocument } from "./source.ts";

/** How often a text is written anew until it stays as it is; twice is what comments in odd places take. */
const MAX_ROUNDS = 5;

/** How a text is written. */
type Syntax = "json" | "yaml";

/**
 * A document in the one way to write it: the order of its keys, its comments and its scalars stay as they are, letter
 * by letter; spaces, line breaks, empty lines and trailing commas do not. What comes out is read, and refused unless it
 * holds the same.
 *
 * @throws {WorkflowError} `invalid_document` if the text cannot be read
 * @throws {FlowError} `invalid_document` if a comment stands where it would be lost
 */
export async function formatDocument(source: string | Uint8Array, hints: SourceHints = {}): Promise<string> {
  const document = await openSound(source, hints);
  const text = toText(source);
  const syntax = syntaxOf(text, hints);
  let result = await print(text, syntax);
  for (let round = 1; round < MAX_ROUNDS; round++) {
    const again = await print(result, syntax);
    if (again === result) break;
    result = again;
  }
  await checkIsSame({ document, text }, result, syntax, hints);
  return result;
}

/** Reads a document. @throws {WorkflowError} `invalid_document` if that cannot be done */
export async function openSound(source: unknown, hints: SourceHints): Promise<SourceDocument> {
  const document = await openSource(source, hints);
  const { filename } = hints;
  if (document.issues.every(({ severity }) => severity === "warning")) return document;
  const issues = document.issues.map((issue): Issue => filename === undefined ? issue : { ...issue, file: filename });
  throw new WorkflowError("invalid_document", issues);
}

/** A source that is known to be text, without its byte order mark. */
export function toText(source: string | Uint8Array): string {
  const text = typeof source === "string" ? source : new TextDecoder().decode(source);
  return (text.startsWith("\ufeff") ? text.slice(1) : text).replaceAll("\r\n", "\n");
}

/** How a text is written: JSON stays JSON, also in a file for YAML. */
export function syntaxOf(text: string, { filename, format }: SourceHints): Syntax {
  const wanted = format ?? formatOf(filename, text);
  return wanted === "yaml" && parseEmbeddedJson(text) === undefined ? "yaml" : "json";
}

async function print(text: string, syntax: Syntax): Promise<string> {
  if (syntax === "json") return printJson(readJsonTree(text));
  const { printYaml } = await import("./yaml_printer.ts");
  return await printYaml(text);
}

async function checkIsSame(
  before: { document: SourceDocument; text: string },
  result: string,
  syntax: Syntax,
  hints: SourceHints,
): Promise<void> {
  const name = hints.filename === undefined ? "the document" : quote(hints.filename);
  const lost = await findLostComment(before.text, result, syntax);
  if (lost !== undefined) {
    throw new FlowError("invalid_document", `Cannot format ${name}: the comment ${quote(lost)} would be lost`, {
      hint: "Move it to a line of its own.",
    });
  }
  const { raw, issues } = await openSource(result, { format: syntax });
  if (isSameData(raw, before.document.raw) && issues.every(({ severity }) => severity === "warning")) return;
  throw new FlowError("internal", `Cannot format ${name}: the result would mean something else`, {
    hint: "This is a bug: report it with the document, which was left as it is.",
  });
}

async function findLostComment(before: string, after: string, syntax: Syntax): Promise<string | undefined> {
  const list = syntax === "json" ? listJsonComments : listYamlComments;
  const kept = (await list(after)).map(withoutSpace);
  return (await list(before)).find((comment) => {
    const index = kept.indexOf(withoutSpace(comment));
    if (index < 0) return true;
    kept.splice(index, 1);
    return false;
  });
}

/** Lines of a comment may move. */
function withoutSpace(comment: string): string {
  return comment.replaceAll(/\s+/g, " ");
}
