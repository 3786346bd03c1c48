import { bareItem, type Tree, type TreeItem, treeOf } from "./comment_tree.ts";
import { listJsonComments, listYamlComments } from "./document_comments.ts";
import { FlowError } from "./errors.ts";
import { openSound, syntaxOf, toText } from "./format_document.ts";
import { toJsonData } from "./json_data.ts";
import { printJson } from "./json_printer.ts";
import { readJsonTree } from "./json_tree.ts";
import { openSource, type SourceHints } from "./read_source.ts";
import { isSameData } from "./same_data.ts";
import { dataOf, retagTree } from "./tag_tree.ts";

/** The formats that documents are written in; `jsonc` is JSON with comments. */
export type DocumentFormat = "json" | "jsonc" | "yaml";

/** How to convert. */
export interface ConvertOptions extends SourceHints {
  to: DocumentFormat;
  /** Write values with their types, as flowengine does. Default: plain. */
  tagged?: boolean | undefined;
}

/** A document in its other format. */
export interface Converted {
  text: string;
  /** Comments that the format has no place for. */
  lost_comments: number;
}

/**
 * Writes a document in another format, with its comments where the format has some. What comes out is read, and refused
 * unless it holds the same.
 *
 * @throws {WorkflowError} `invalid_document` if the source cannot be read
 * @throws {FlowError} `invalid_document` if it holds what JSON cannot; `invalid_input` if a tag does not fit its value
 */
export async function convertDocument(source: unknown, { to, tagged, ...hints }: ConvertOptions): Promise<Converted> {
  const { raw } = await openSound(source, hints);
  const data = toJsonData(raw, []);
  const tree = await readTree(source, data, hints);
  retagTree(tree, tagged ? "tagged" : "plain");
  if (to === "json") dropComments(tree);
  const format = to === "yaml" ? "yaml" : "json";
  const text = to === "yaml" ? await (await import("./yaml_writer.ts")).writeYaml(tree) : printJson(tree);
  const written = await openSource(text, { format });
  if (isSameData(written.raw, dataOf(tree.value))) {
    const lost = await countComments(source, hints) - await countComments(text, { format });
    return { text, lost_comments: Math.max(0, lost) };
  }
  throw new FlowError("internal", "Cannot convert the document: the result would mean something else", {
    hint: "This is a bug: report it with the document.",
  });
}

async function readTree(source: unknown, data: unknown, hints: SourceHints): Promise<Tree> {
  const isText = typeof source === "string" || source instanceof Uint8Array;
  if (!isText) return { ...bareItem(treeOf(data)), end: [] };
  const text = toText(source);
  const tree = syntaxOf(text, hints) === "json"
    ? readJsonTree(text)
    : await (await import("./yaml_tree.ts")).readYamlTree(text);
  // What the tree cannot show, such as complex keys, the data can.
  return isSameData(dataOf(tree.value), data) ? tree : { ...bareItem(treeOf(data)), end: [] };
}

async function countComments(source: unknown, hints: SourceHints): Promise<number> {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) return 0;
  const text = toText(source);
  const comments = syntaxOf(text, hints) === "json" ? listJsonComments(text) : await listYamlComments(text);
  return comments.length;
}

function dropComments(tree: Tree): void {
  tree.end = [];
  dropAround(tree);
}

function dropAround(item: TreeItem): void {
  item.before = [];
  item.after = [];
  if (item.value.kind === "scalar") return;
  item.value.end = [];
  item.value.items.forEach(dropAround);
}
