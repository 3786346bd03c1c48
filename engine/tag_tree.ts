import { type Note, type Tree, type TreeEntry, type TreeItem, treeOf, type TreeValue } from "./comment_tree.ts";
import { encodePlain } from "./encode_document.ts";
import { HANDLERS } from "./events.ts";
import { decodeValue, encodeTagged, isTagged } from "./tagged.ts";
import { isBytesKey } from "./wire.ts";

/** Writes the values of a workflow document with their types, as flowengine does, or without. Changes the tree. */
export function retagTree(tree: Tree, form: "plain" | "tagged"): void {
  const retag = form === "plain" ? makePlain : makeTagged;
  const settings = entryOf(tree.value, "settings")?.value;
  const lists = [entryOf(tree.value, "nodes"), ...HANDLERS.map((name) => settings && entryOf(settings, name))];
  for (const node of lists.flatMap((list) => itemsOf(list?.value))) {
    for (const key of ["config", "inputs"]) itemsOf(entryOf(node.value, key)?.value).forEach(retag);
    const map = entryOf(node.value, "map")?.value;
    const items = map && entryOf(map, "items")?.value;
    if (items?.kind === "list") items.items.forEach(retag);
  }
  itemsOf(entryOf(tree.value, "outputs")?.value).forEach(retag);
  for (const input of itemsOf(entryOf(tree.value, "inputs")?.value)) {
    const preset = entryOf(input.value, "default");
    if (preset !== undefined) retag(preset);
    itemsOf(entryOf(input.value, "enum")?.value).forEach(retag);
  }
}

/** What `JSON.parse` makes of a part of a tree. */
export function dataOf(value: TreeValue): unknown {
  return JSON.parse(withoutComments(value));
}

function withoutComments(value: TreeValue): string {
  if (value.kind === "scalar") return value.text;
  if (value.kind === "list") return `[${value.items.map((item) => withoutComments(item.value)).join()}]`;
  return `{${value.items.map((item) => `${item.key}:${withoutComments(item.value)}`).join()}}`;
}

function itemsOf(value: TreeValue | undefined): readonly TreeItem[] {
  return value === undefined || value.kind === "scalar" ? [] : value.items;
}

/** Of several entries with the same name the last one counts. */
function entryOf(value: TreeValue, name: string): TreeEntry | undefined {
  if (value.kind !== "object") return undefined;
  return value.items.findLast(({ key }) => JSON.parse(key) === name);
}

function makePlain(item: TreeItem): void {
  if (item.value.kind === "scalar") return;
  const data = dataOf(item.value);
  if (!isTagged(data)) return itemsOf(item.value).forEach(makePlain);
  item.before.push(...notesIn(item.value));
  item.value = treeOf(encodePlain(decodeValue(data)));
}

function makeTagged(item: TreeItem): void {
  const { value } = item;
  const data = dataOf(value);
  if (value.kind === "scalar" || isTagged(data) || isBytes(data)) {
    item.before.push(...notesIn(value));
    item.value = treeOf(encodeTagged(decodeValue(data)));
    return;
  }
  value.items.forEach(makeTagged);
  const tagged = treeOf({ type: value.kind === "list" ? "Array" : "Object", value: null });
  const inner = tagged.kind === "object" ? tagged.items[1] : undefined;
  if (inner !== undefined) inner.value = value;
  item.value = tagged;
}

function isBytes(data: unknown): boolean {
  const keys = Object.keys(data ?? {});
  return keys.length === 1 && isBytesKey(keys[0]);
}

function notesIn(value: TreeValue): Note[] {
  if (value.kind === "scalar") return [];
  const after = (text: string): Note => ({ text, isApart: false });
  const inside = value.items.flatMap((
    item: TreeItem,
  ) => [...item.before, ...notesIn(item.value), ...item.after.map(after)]);
  return [...inside, ...value.end];
}
