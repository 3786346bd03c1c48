import * as z from "zod";
import type { Value } from "../engine/value.ts";
import { toWire } from "../engine/wire.ts";

/** Outputs may not be nested much deeper. */
const MAX_LOOSE_DEPTH = 100;

/** Whether parsed JSON may be an output as it is: no numbers that have become Infinity, no more than 100 levels. */
export function isPortable(value: Value, levels = MAX_LOOSE_DEPTH): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner: Value) => isPortable(inner, levels - 1));
}

/** Any value; a port of this type has to carry one. */
export function anyValue(): z.ZodType<Value> {
  return z.unknown().refine((value) => value !== undefined, "a value is needed") as unknown as z.ZodType<Value>;
}

/** The JSON text of a value; bytes in it are written as `{"$bytes": "<base64>"}`. */
export function toJsonText(value: Value, indent?: number): string {
  return JSON.stringify(toWire(value), null, indent);
}

/** The bytes that a value stands for in a file or a pipe: text as UTF-8, bytes as they are, all else as JSON. */
export function toBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return new TextEncoder().encode(typeof value === "string" ? value : toJsonText(value));
}

/**
 * The value of a text that happens to be JSON; undefined if it is not. A bare number that a double cannot hold (an id
 * of 20 digits) is not taken for one, nor is anything that could not be an output.
 */
export function parseLooseJson(text: string): Value | undefined {
  // Most text is not JSON, and an exception for each would be dear.
  if (!/^\s*[[{"\-\dtfn]/.test(text)) return undefined;
  let value: Value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "number") return isPortable(value) ? value : undefined;
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isExact ? value : undefined;
}
