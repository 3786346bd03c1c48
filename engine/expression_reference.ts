/** The names that an expression may start with. */
export const ROOT_NAMES = [
  "inputs",
  "nodes",
  "env",
  "secrets",
  "execution",
  "workflow",
  "item",
  "index",
  "attempt",
  "outputs",
] as const;

/** One of the names that an expression may start with. */
export type RootName = (typeof ROOT_NAMES)[number];

/** A name in an expression, and where it stands there. */
export interface NamePart {
  readonly name: string;
  readonly offset: number;
}

/** A use of something in scope: `nodes.fetch.body` is the root `nodes` and the names `fetch` and `body`. */
export interface Reference {
  readonly root: RootName;
  readonly offset: number;
  /** As far as they are plain names. */
  readonly names: readonly NamePart[];
}

/** Roots of which each use has to name what it wants, so that what an expression depends on is known. */
const NAMED_ROOTS: ReadonlySet<string> = new Set(["nodes", "env", "secrets"]);

export function isRootName(name: string): name is RootName {
  return (ROOT_NAMES as readonly string[]).includes(name);
}

/** Whether uses of this root must say which of its parts they mean. */
export function needsName(root: RootName): boolean {
  return NAMED_ROOTS.has(root);
}

/** A reference as seen from a text in which the expression starts at `offset`. */
export function moveReference(reference: Reference, offset: number): Reference {
  if (offset === 0) return reference;
  return {
    root: reference.root,
    offset: reference.offset + offset,
    names: reference.names.map((part) => ({ name: part.name, offset: part.offset + offset })),
  };
}
