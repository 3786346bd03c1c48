import { decodeBase64, encodeBase64 } from "./base64.ts";
import { FlowError } from "./errors.ts";
import { setOwn } from "./plain.ts";
import type { Value } from "./value.ts";

/** What `JSON.parse` answers. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Deeper values cannot travel: readers in other languages give up earlier than that. */
const MAX_DEPTH = 256;

/**
 * The plain JSON form of a value: bytes become `{"$bytes": "<base64>"}`. So that nothing is mistaken for bytes when it
 * comes back, an object that looks like that gets one more dollar (`{"$$bytes": ...}`). A value that has neither is
 * answered as it is, not copied.
 */
export function toWire(value: Value): Json {
  return needsWire(value, 0) ? convertToWire(value) : value as Json;
}

/**
 * The value that {@link toWire} made `json` of; `json` itself if there is nothing to convert.
 *
 * @throws {FlowError} `invalid_input` if `$bytes` has no base64 text.
 */
export function fromWire(json: Json): Value {
  return needsWire(json, 0) ? convertFromWire(json) : json;
}

/** A value as JSON text, in its wire form. */
export function stringifyValue(value: Value): string {
  return JSON.stringify(toWire(value));
}

/**
 * Reads what {@link stringifyValue} wrote.
 *
 * @throws {FlowError} `invalid_input` if it is no JSON, or if `$bytes` has no base64 text.
 */
export function parseValue(text: string): Value {
  let json: Json;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FlowError("invalid_input", `Cannot read a value: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  // Escapes may hide the name.
  return text.includes('bytes"') || text.includes("\\u") ? fromWire(json) : json;
}

/** JSON with sorted keys and bytes in their wire form: equal values, equal text. For hashing. */
export function canonicalJson(value: Value): string {
  return canonical(toWire(value));
}

function canonical(json: Json): string {
  if (typeof json !== "object" || json === null) return JSON.stringify(json);
  if (Array.isArray(json)) return `[${json.map(canonical).join(",")}]`;
  const entries = Object.keys(json).sort().map((key) => `${JSON.stringify(key)}:${canonical(json[key] ?? null)}`);
  return `{${entries.join(",")}}`;
}

/** Whether there are bytes in `value`, or objects that look like bytes. */
function needsWire(value: Value, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Uint8Array) return true;
  if (depth > MAX_DEPTH) {
    throw new FlowError("invalid_input", `Cannot write a value with more than ${MAX_DEPTH} levels`);
  }
  if (Array.isArray(value)) {
    for (const item of value) if (needsWire(item, depth + 1)) return true;
    return false;
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && isBytesKey(keys[0])) return true;
  for (const key of keys) if (needsWire(value[key] ?? null, depth + 1)) return true;
  return false;
}

/** Whether an object with only this key is the wire form of bytes, or of an object that looks like that. */
export function isBytesKey(key: string | undefined): key is string {
  return key !== undefined && key.startsWith("$") && /^\$+bytes$/.test(key);
}

function convertToWire(value: Value): Json {
  if (value instanceof Uint8Array) return { $bytes: encodeBase64(value) };
  return convert(value, convertToWire, (key, inner) => ({ [`$${key}`]: convertToWire(inner) }));
}

function convertFromWire(json: Value): Value {
  return convert(json, convertFromWire, (key, inner) => {
    if (key !== "$bytes") return { [key.slice(1)]: convertFromWire(inner) };
    const bytes = typeof inner === "string" ? decodeBase64(inner) : undefined;
    if (bytes !== undefined) return bytes;
    throw new FlowError("invalid_input", 'Cannot read bytes: "$bytes" is not followed by base64 text', {
      hint: 'Write them as {"$bytes": "aGVsbG8="}.',
    });
  });
}

/** Copies `value` with each part mapped; objects whose only key looks like `$bytes` are left to `mapBytes`. */
function convert<T extends Value>(value: Value, map: (part: Value) => T, mapBytes: (key: string, part: Value) => T): T {
  if (Array.isArray(value)) return value.map(map) as Value as T;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value as T;
  const keys = Object.keys(value);
  const [only] = keys;
  if (keys.length === 1 && isBytesKey(only)) return mapBytes(only, value[only] ?? null);
  const copy: Record<string, T> = {};
  for (const key of keys) setOwn(copy, key, map(value[key] ?? null));
  return copy as Value as T;
}
