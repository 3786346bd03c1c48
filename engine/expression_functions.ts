import { FlowError } from "./errors.ts";
import { OpaqueBytes } from "./expression_scope.ts";

/*
 * Functions of JSONata that would take quadratic time, or any memory, and that its own limits cannot interrupt.
 */

const MAX_PADDED_LENGTH = 1_000_000;

/** What JSONata calls its functions with; its own types leave this out. */
interface Focus {
  createSequence(): unknown[];
}

/** `$distinct`, in linear time. */
export function distinct(this: unknown, list: unknown): unknown {
  if (!Array.isArray(list) || list.length <= 1) return list;
  const first = new Map<unknown, unknown>();
  for (const item of list) {
    const key = typeof item === "object" && item !== null ? identify(item) : item;
    const distinguished = typeof key === "string" && typeof item === "string" ? `s${key}` : key;
    if (!first.has(distinguished)) first.set(distinguished, item);
  }
  // What a path found collapses to its only item; a list that was there as such does not.
  const result = "sequence" in list ? (this as Focus).createSequence() : [];
  for (const item of first.values()) result.push(item);
  return result;
}

/** Equal objects, equal text; bytes equal only themselves. */
function identify(value: unknown): unknown {
  if (value instanceof OpaqueBytes) return value;
  return `o${JSON.stringify(value, (_, part) => isRecord(part) ? sortKeys(part) : part)}`;
}

function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  const sorted: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value).sort()) sorted[key] = value[key];
  return sorted;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof OpaqueBytes);
}

/** `$pad`, up to a length. */
export function pad(text: string | undefined, width: number, character: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const wanted = Math.abs(Math.trunc(width));
  if (wanted > MAX_PADDED_LENGTH) {
    throw new FlowError("expression_failed", `$pad cannot make a text of more than ${MAX_PADDED_LENGTH} characters`);
  }
  const missing = wanted - [...text].length;
  if (missing <= 0) return text;
  const filler = [...(character === undefined || character === "" ? " " : character)];
  const padding = Array.from({ length: missing }, (_, index) => filler[index % filler.length]).join("");
  return width > 0 ? text + padding : padding + text;
}

type Compare = { apply(self: unknown, args: unknown[]): unknown };

/** `$sort`: stable; the comparison answers whether its first argument comes after its second. */
export async function sort(list: unknown[] | undefined, comparison: Compare | undefined): Promise<unknown> {
  if (list === undefined || list.length <= 1) return list;
  if (comparison !== undefined) {
    return await mergeSort(list, async (a, b) => Boolean(await comparison.apply(null, [a, b])));
  }
  const isUniform = list.every(isNumber) || list.every(isText);
  if (!isUniform) throw Object.assign(new Error(), { code: "D3070" });
  return (list as string[]).slice().sort((a, b) => a > b ? 1 : a < b ? -1 : 0);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

async function mergeSort(list: unknown[], isAfter: (a: unknown, b: unknown) => Promise<boolean>): Promise<unknown[]> {
  let runs = list.map((item) => [item]);
  while (runs.length > 1) {
    const merged: unknown[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(await mergeRuns(runs[index] ?? [], runs[index + 1] ?? [], isAfter));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeRuns(
  left: unknown[],
  right: unknown[],
  isAfter: (a: unknown, b: unknown) => Promise<boolean>,
): Promise<unknown[]> {
  const merged: unknown[] = [];
  let a = 0;
  let b = 0;
  while (a < left.length && b < right.length) {
    merged.push(await isAfter(left[a], right[b]) ? right[b++] : left[a++]);
  }
  return [...merged, ...left.slice(a), ...right.slice(b)];
}
