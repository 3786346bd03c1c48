import type { Document, Node, Scalar } from "yaml";
import { bareItem, type Note, type Tree, type TreeEntry, type TreeItem, type TreeValue } from "./comment_tree.ts";
import { fitsLine } from "./json_printer.ts";
import { printYaml } from "./yaml_printer.ts";

type Yaml = typeof import("yaml");

/** Writes a tree as YAML: texts of several lines as blocks, what is short and was in one line in brackets. */
export async function writeYaml(tree: Tree): Promise<string> {
  const yaml = await import("yaml");
  const document = new yaml.Document();
  const root = new NodeWriter(document, yaml).node(bareItem(tree.value));
  document.contents = root as typeof document.contents;
  document.commentBefore = toComment(tree.before);
  document.comment = toComment([...tree.after.map((text) => ({ text, isApart: false })), ...tree.end]);
  return await printYaml(document.toString({ lineWidth: 0 }));
}

class NodeWriter {
  readonly #document: Document;
  readonly #yaml: Yaml;

  constructor(document: Document, yaml: Yaml) {
    this.#document = document;
    this.#yaml = yaml;
  }

  node(item: TreeItem): Node {
    const node = this.#value(item.value);
    const [behind, above] = splitAfter(item.after);
    // Between the brackets of something empty there is no room.
    const inside = item.value.kind !== "scalar" && item.value.items.length === 0 ? item.value.end : [];
    place(node, [...item.before, ...inside, ...above], item.isApart);
    if (behind !== undefined) this.#remark(node, behind);
    return node;
  }

  /** Behind a block there is no room: the comment goes above it. */
  #remark(node: Node, comment: string): void {
    if (!this.#yaml.isCollection(node) || node.flow) node.comment = comment;
    else node.commentBefore = [comment, ...(node.commentBefore ? [node.commentBefore] : [])].join("\n");
  }

  #value(value: TreeValue): Node {
    if (value.kind === "scalar") return this.#document.createNode(JSON.parse(value.text)) as Node;
    const collection = value.kind === "list" ? new this.#yaml.YAMLSeq() : new this.#yaml.YAMLMap();
    collection.items = value.kind === "list"
      ? value.items.map((item) => this.node(item))
      : value.items.map((item) => this.#pair(item));
    collection.flow = value.items.length === 0 || fitsLine(value);
    collection.comment = value.items.length === 0 ? null : toComment(value.end);
    return collection as Node;
  }

  #pair(entry: TreeEntry) {
    const name: string = JSON.parse(entry.key);
    const key = this.#document.createNode(name) as Scalar;
    // Unquoted it would merge.
    if (name === "<<") key.type = "QUOTE_DOUBLE";
    const value = this.node({ ...entry, before: [], isApart: false });
    const above = value.commentBefore === undefined || value.commentBefore === null ? [] : [value.commentBefore];
    value.commentBefore = null;
    place(key, [...entry.before, ...above.map((text) => ({ text: `//${text}`, isApart: false }))], entry.isApart);
    return new this.#yaml.Pair(key, value);
  }
}

function place(node: Node, before: readonly Note[], isApart: boolean): void {
  const comment = toComment(before);
  if (comment !== null) node.commentBefore = comment;
  if (before[0]?.isApart ?? isApart) node.spaceBefore = true;
}

/** One line may stand behind a value; more than that goes above it. */
function splitAfter(after: readonly string[]): [behind: string | undefined, above: Note[]] {
  if (after.length === 0) return [undefined, []];
  const lines = toComment(after.map((text) => ({ text, isApart: false }))) ?? "";
  if (!lines.includes("\n")) return [lines, []];
  return [undefined, after.map((text) => ({ text, isApart: false }))];
}

/** Comments as YAML keeps them: lines without their signs; null if there are none. */
function toComment(notes: readonly Note[]): string | null {
  if (notes.length === 0) return null;
  return notes.map(({ text, isApart }, index) => `${isApart && index > 0 ? "\n" : ""}${withoutSigns(text)}`).join("\n");
}

function withoutSigns(text: string): string {
  if (text.startsWith("//")) return text.slice(2);
  const lines = text.slice(2, -2).split(/\r?\n/).map((line) => line.replace(/^\s*\*(?=\s|$)/, "").trim());
  return lines.filter((line) => line !== "").map((line) => ` ${line}`).join("\n") || " ";
}
