/** A comment with its signs (`//`, `/*`). */
export interface Note {
  text: string;
  /** Whether an empty line keeps it apart from what is above. */
  isApart: boolean;
}

/** What stands around a value in a text that people write. */
export interface Surroundings {
  /** Comments above it. */
  before: Note[];
  /** Comments behind it, on its line; only the last one may end with the line. */
  after: string[];
  /** Whether an empty line keeps it apart from what is above. */
  isApart: boolean;
}

/** A value of a JSON text as it stands there: numbers and texts are kept letter by letter. */
export type TreeValue =
  | { kind: "scalar"; text: string }
  | { kind: "list"; items: TreeItem[]; isBroken: boolean; end: Note[] }
  | { kind: "object"; items: TreeEntry[]; isBroken: boolean; end: Note[] };

/** An element of a list. */
export interface TreeItem extends Surroundings {
  value: TreeValue;
}

/** An entry of an object; `key` as it stands in the text, with its quotes. */
export interface TreeEntry extends TreeItem {
  key: string;
}

/** A whole document; `end` are the comments below it. */
export interface Tree extends TreeItem {
  end: Note[];
}

/** A value with nothing around it. */
export function bareItem(value: TreeValue): TreeItem {
  return { value, before: [], after: [], isApart: false };
}

/** The tree of plain JSON data. */
export function treeOf(data: unknown): TreeValue {
  if (Array.isArray(data)) {
    return { kind: "list", items: data.map((item) => bareItem(treeOf(item))), isBroken: false, end: [] };
  }
  if (typeof data !== "object" || data === null) return { kind: "scalar", text: JSON.stringify(data) };
  const items = Object.entries(data).map(([key, value]) => ({ ...bareItem(treeOf(value)), key: JSON.stringify(key) }));
  return { kind: "object", items, isBroken: false, end: [] };
}
