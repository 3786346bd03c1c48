import { isRootName, needsName, type Reference, type RootName } from "./expression_reference.ts";
import type { Value, Values } from "./value.ts";

/** An expression that only walks: `nodes.fetch.body.items[0].id`. */
export interface PlainPath {
  readonly root: RootName;
  /** Names of properties, and places in lists (negative: from the end). */
  readonly steps: readonly (string | number)[];
  readonly reference: Reference;
}

/** Says that a path met a list where a name was asked for: then the language maps over it, and a walk is not enough. */
export const NEEDS_LANGUAGE = Symbol("needs language");

const NAME = /([A-Za-z_]\w*)|`([^`]+)`/y;
const INDEX = /\[(-?(?:0|[1-9]\d{0,9}))\]/y;
/** Words that mean something else than a name. */
const WORDS: ReadonlySet<string> = new Set(["and", "or", "in", "true", "false", "null"]);

/** Reads an expression that is only a path from a known root; undefined if it is anything else. */
export function parsePath(text: string): PlainPath | undefined {
  const root = readName(text, 0);
  if (root === undefined || !isRootName(root.name)) return undefined;
  const steps: (string | number)[] = [];
  const names: { name: string; offset: number }[] = [];
  for (let offset = root.end; offset < text.length;) {
    INDEX.lastIndex = offset;
    const index = INDEX.exec(text);
    if (index !== null) {
      if (steps.length === 0) return undefined;
      steps.push(Number(index[1]));
      offset = INDEX.lastIndex;
      continue;
    }
    const name = text[offset] === "." ? readName(text, offset + 1) : undefined;
    if (name === undefined) return undefined;
    if (names.length === steps.length) names.push({ name: name.name, offset: offset + 1 });
    steps.push(name.name);
    offset = name.end;
  }
  if (needsName(root.name) && names.length === 0) return undefined;
  return { root: root.name, steps, reference: { root: root.name, offset: 0, names } };
}

/** Follows the steps of a path, with the outcome that JSONata would have. */
export function walkPath(path: PlainPath, start: Value | undefined): Value | undefined | typeof NEEDS_LANGUAGE {
  let value = start;
  for (const step of path.steps) {
    if (value === undefined) return undefined;
    if (typeof step === "number") value = itemAt(value, step);
    else if (Array.isArray(value)) return NEEDS_LANGUAGE;
    else value = propertyOf(value, step);
  }
  return value;
}

/** An own property of an object; undefined for anything else. */
export function propertyOf(value: Value | undefined, name: string): Value | undefined {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  return Object.hasOwn(value, name) ? (value as Values)[name] : undefined;
}

/** A value that is no list counts as a list of one. */
function itemAt(value: Value, index: number): Value | undefined {
  if (Array.isArray(value)) return value.at(index);
  return index === 0 || index === -1 ? value : undefined;
}

function readName(text: string, offset: number): { name: string; end: number } | undefined {
  NAME.lastIndex = offset;
  const match = NAME.exec(text);
  const name = match?.[1] ?? match?.[2];
  if (name === undefined || (match?.[1] !== undefined && WORDS.has(name))) return undefined;
  return { name, end: NAME.lastIndex };
}
