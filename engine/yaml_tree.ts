import type { Document, Node, Pair, ParsedNode, Scalar, YAMLMap, YAMLSeq } from "yaml";
import {
  bareItem,
  type Note,
  type Surroundings,
  type Tree,
  type TreeEntry,
  type TreeItem,
  treeOf,
  type TreeValue,
} from "./comment_tree.ts";
import { toJsonData } from "./json_data.ts";
import { parseYaml } from "./yaml_source.ts";

type Yaml = typeof import("yaml");

/** Reads a YAML text, known to be good, with its comments; what aliases and merge keys stand for is written out. */
export async function readYamlTree(text: string): Promise<Tree> {
  const [yaml, document] = [await import("yaml"), await parseYaml(text)];
  if (document === undefined) return { ...bareItem(treeOf(null)), end: [] };
  const item = new TreeReader(document, yaml, text).readItem(document.contents);
  const before = [...toNotes(document.commentBefore), ...item.before, ...takeHead(item.value)];
  return { ...item, before, end: toNotes(document.comment) };
}

class TreeReader {
  readonly #document: Document.Parsed<ParsedNode>;
  readonly #yaml: Yaml;
  readonly #text: string;

  constructor(document: Document.Parsed<ParsedNode>, yaml: Yaml, text: string) {
    this.#document = document;
    this.#yaml = yaml;
    this.#text = text;
  }

  readItem(node: unknown): TreeItem {
    const around = this.#around(node);
    const value = this.#readValue(node);
    const [first] = value.kind === "scalar" ? [] : value.items;
    // Under a key there is nothing but its first element that a comment could stand above.
    if (first !== undefined && this.#yaml.isCollection(node) && !node.flow) {
      first.before.unshift(...around.before.splice(0));
    }
    return { ...around, value };
  }

  #around(node: unknown): Surroundings {
    if (!this.#yaml.isNode(node)) return { before: [], after: [], isApart: false };
    const { comment, spaceBefore = false } = node;
    const before = toNotes(node.commentBefore);
    // The empty line is above the comment, if there is one.
    const [first] = before;
    if (first !== undefined) first.isApart = spaceBefore;
    const after = this.#yaml.isCollection(node) && !node.flow ? [] : toNotes(comment).map(({ text }) => text);
    return { before, after, isApart: first === undefined && spaceBefore };
  }

  #readValue(node: unknown): TreeValue {
    if (this.#yaml.isAlias(node)) return treeOf(this.#dataOf(node));
    if (this.#yaml.isMap(node)) return this.#readMap(node);
    if (this.#yaml.isSeq(node)) return this.#readSeq(node);
    return this.#yaml.isScalar(node) ? readScalar(node) : treeOf(null);
  }

  #readSeq(node: YAMLSeq): TreeValue {
    const items = node.items.map((item) =>
      this.#yaml.isPair(item) ? bareItem(treeOf(this.#dataOf(node))) : this.readItem(item)
    );
    return { kind: "list", items, isBroken: this.#isBroken(node), end: this.#endOf(node) };
  }

  #readMap(node: YAMLMap): TreeValue {
    const isMerged = node.items.some(({ key }) => this.#yaml.isScalar(key) && isMergeKey(key));
    const items = isMerged ? this.#readMerged(node) : node.items.map((pair) => this.#readPair(pair));
    return { kind: "object", items, isBroken: this.#isBroken(node), end: this.#endOf(node) };
  }

  #readMerged(node: YAMLMap): TreeEntry[] {
    const isOwn = ({ key }: Pair) => !(this.#yaml.isScalar(key) && isMergeKey(key));
    const own = new Map(node.items.filter(isOwn).map((pair) => [this.#keyOf(pair), pair]));
    return Object.entries(this.#dataOf(node) as Record<string, unknown>).map(([key, value]) => {
      const pair = own.get(key);
      return pair === undefined ? { ...bareItem(treeOf(value)), key: JSON.stringify(key) } : this.#readPair(pair);
    });
  }

  #readPair(pair: Pair): TreeEntry {
    const key = this.#around(pair.key);
    const { value, before, after } = this.readItem(pair.value);
    return {
      key: JSON.stringify(this.#keyOf(pair)),
      value,
      before: [...key.before, ...key.after.map((text) => ({ text, isApart: false })), ...before],
      after,
      isApart: key.isApart,
    };
  }

  #keyOf({ key }: Pair): string {
    const value = this.#yaml.isNode(key) ? this.#dataOf(key) : key;
    return typeof value === "string" ? value : value === null ? "" : String(value);
  }

  #dataOf(node: Node): unknown {
    return toJsonData(node.toJS(this.#document, { maxAliasCount: -1 }), []);
  }

  #endOf({ comment, flow }: YAMLMap | YAMLSeq): Note[] {
    return flow ? [] : toNotes(comment);
  }

  #isBroken(node: YAMLMap | YAMLSeq): boolean {
    return !node.flow || this.#text.slice(...(node.range ?? [0, 0])).includes("\n");
  }
}

/** A document begins with its comments, not with a bracket. */
function takeHead(value: TreeValue): Note[] {
  return value.kind === "scalar" ? [] : value.items[0]?.before.splice(0) ?? [];
}

function readScalar({ value, source }: Scalar): TreeValue {
  const text = typeof value === "number" ? source : undefined;
  if (text !== undefined && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return { kind: "scalar", text };
  return treeOf(toJsonData(value ?? null, []));
}

function isMergeKey({ value, type }: Scalar): boolean {
  return typeof value === "symbol" || (value === "<<" && type === "PLAIN");
}

/** What follows the sign of each line. */
function toNotes(comment: string | null | undefined): Note[] {
  const notes: Note[] = [];
  let isApart = false;
  for (const line of comment?.split("\n") ?? []) {
    if (line === "") isApart = true;
    else {
      notes.push({ text: `//${line}`, isApart });
      isApart = false;
    }
  }
  return notes;
}
