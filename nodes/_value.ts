import * as z from "zod";
import type { Value } from "../engine/value.ts";
import { toWire } from "../engine/wire.ts";

/** Outputs may not be nested much deeper. */
const MAX_LOOSE_DEPTH = 100;

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
 * of 20 digits) is not taken for one, nor is anything that is nested more than 100 levels deep.
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
  if (typeof value !== "number") return isDeeper(value, MAX_LOOSE_DEPTH) ? undefined : value;
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isExact ? value : undefined;
}

function isDeeper(value: Value, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner: Value) => isDeeper(inner, levels - 1));
}
