import { decodeBase64 } from "./base64.ts";
import { FlowError } from "./errors.ts";
import { formatPath, type Path } from "./issue.ts";
import { asPlainBytes, isPlainObject, nameForeign, setOwn, showValue } from "./plain.ts";
import type { Value, Values } from "./value.ts";
import { isBytesKey, type Json } from "./wire.ts";

const TYPE_NAMES = ["Null", "Bool", "Number", "String", "Bytes", "Json", "Array", "Object"] as const;

/** The types of the tagged form. */
export type TypeName = (typeof TYPE_NAMES)[number];

/** A value with its type, as flowengine writes it: `{"type": "Number", "value": 21}`. */
export type TaggedValue =
  | { type: "Null"; value: null }
  | { type: "Bool"; value: boolean }
  | { type: "Number"; value: number }
  | { type: "String"; value: string }
  | { type: "Bytes"; value: number[] }
  | { type: "Json"; value: Json }
  | { type: "Array"; value: TaggedValue[] }
  | { type: "Object"; value: { [key: string]: TaggedValue } };

/** Levels that a value from outside may have. */
const MAX_DEPTH = 100;

/** Told about everything in a raw value that is no value; `path` leads through the tags. */
export type OnProblem = (path: Path, message: string, hint?: string) => void;

/**
 * Makes a value of what stands in a document or a request: tagged, plain, or both mixed. Bytes may be tagged, or
 * `{"$bytes": "<base64>"}`. Inside the tag `Json` nothing is decoded.
 *
 * @throws {FlowError} `invalid_input`, unless `onProblem` is given.
 */
export function decodeValue(raw: unknown, onProblem: OnProblem = refuse, path: Path = []): Value {
  return new Decoder(onProblem, path).decode(raw);
}

/** Decodes each of some named values; the object that holds them is never taken for a tagged value itself. */
export function decodeValues(raw: unknown, onProblem: OnProblem = refuse, path: Path = []): Values {
  return new Decoder(onProblem, path).decodeEntries(raw);
}

/** Whether `raw` is tagged: its keys are exactly `type` and `value`, and the type is a known one. */
export function isTagged(raw: unknown): raw is { type: TypeName; value: unknown } {
  if (!isPlainObject(raw) || !Object.hasOwn(raw, "type") || !Object.hasOwn(raw, "value")) return false;
  return TYPE_NAMES.some((name) => name === raw.type) && Object.keys(raw).length === 2;
}

/** The tagged form of a value. */
export function encodeTagged(value: Value): TaggedValue {
  if (value === null) return { type: "Null", value };
  if (typeof value === "boolean") return { type: "Bool", value };
  if (typeof value === "number") return { type: "Number", value };
  if (typeof value === "string") return { type: "String", value };
  if (value instanceof Uint8Array) return { type: "Bytes", value: [...value] };
  if (Array.isArray(value)) return { type: "Array", value: value.map(encodeTagged) };
  return { type: "Object", value: encodeTaggedValues(value) };
}

/** Named values, each in its tagged form. */
export function encodeTaggedValues(values: Values): { [name: string]: TaggedValue } {
  const tagged: { [name: string]: TaggedValue } = {};
  for (const [name, value] of Object.entries(values)) setOwn(tagged, name, encodeTagged(value));
  return tagged;
}

function refuse(path: Path, message: string, hint?: string): never {
  const place = formatPath(path);
  throw new FlowError(
    "invalid_input",
    place === "" ? `Cannot read the value: it ${message}` : `"${place}" ${message}`,
    {
      hint,
    },
  );
}

class Decoder {
  readonly #onProblem: OnProblem;
  /** Grows and shrinks with the descent, so that nothing is copied while all is well. */
  readonly #path: (string | number)[];

  constructor(onProblem: OnProblem, path: Path) {
    this.#onProblem = onProblem;
    this.#path = [...path];
  }

  decode(raw: unknown): Value {
    if (raw === null || typeof raw === "string" || typeof raw === "boolean") return raw;
    if (typeof raw === "number" && Number.isFinite(raw)) return raw;
    if (raw instanceof Uint8Array) return asPlainBytes(raw);
    if (Array.isArray(raw)) return this.#decodeItems(raw, (item) => this.decode(item));
    if (isTagged(raw)) return this.#at("value", () => this.#decodeTagged(raw.type, raw.value));
    if (!isPlainObject(raw)) return this.#problem(`is ${nameForeign(raw)}, which is no value`, hintFor(raw));
    return this.#decodeBytes(raw) ?? this.decodeEntries(raw);
  }

  decodeEntries(raw: unknown): Values {
    return this.#decodeProperties(raw, (item) => this.decode(item));
  }

  #decodeTagged(type: TypeName, raw: unknown): Value {
    switch (type) {
      case "Null":
        return raw === null ? raw : this.#mismatch(type, raw, "null");
      case "Bool":
        return typeof raw === "boolean" ? raw : this.#mismatch(type, raw, "true or false");
      case "Number":
        return Number.isFinite(raw) ? raw as number : this.#mismatch(type, raw, "a number");
      case "String":
        return typeof raw === "string" ? raw : this.#mismatch(type, raw, "text");
      case "Bytes":
        if (raw instanceof Uint8Array) return asPlainBytes(raw);
        return isByteList(raw) ? Uint8Array.from(raw) : this.#mismatch(type, raw, "a list of numbers from 0 to 255");
      case "Json":
        return this.#copyJson(raw);
      case "Array":
        if (!Array.isArray(raw)) return this.#mismatch(type, raw, "a list");
        return this.#decodeItems(raw, (item) => this.decode(item));
      case "Object":
        return isPlainObject(raw) ? this.decodeEntries(raw) : this.#mismatch(type, raw, "an object");
    }
  }

  #copyJson(raw: unknown): Value {
    if (Array.isArray(raw)) return this.#decodeItems(raw, (item) => this.#copyJson(item));
    if (isPlainObject(raw)) return this.#decodeProperties(raw, (item) => this.#copyJson(item));
    return this.decode(raw);
  }

  #decodeItems(raw: readonly unknown[], decode: (item: unknown) => Value): Value[] {
    if (this.#isTooDeep()) return [];
    const items: Value[] = [];
    for (let index = 0; index < raw.length; index++) items.push(this.#at(index, () => decode(raw[index])));
    return items;
  }

  #decodeProperties(raw: unknown, decode: (item: unknown) => Value): Values {
    const values: Values = {};
    if (!isPlainObject(raw)) {
      this.#problem(`is ${showValue(raw)}, expected an object`);
      return values;
    }
    if (this.#isTooDeep()) return values;
    for (const key of Object.keys(raw)) {
      if (raw[key] !== undefined) setOwn(values, key, this.#at(key, () => decode(raw[key])));
    }
    return values;
  }

  /** Undefined if `raw` is not the wire form of bytes, nor of an object that only looks like it. */
  #decodeBytes(raw: Record<string, unknown>): Value | undefined {
    const keys = Object.keys(raw);
    const [key] = keys;
    if (keys.length !== 1 || !isBytesKey(key)) return undefined;
    const inner = raw[key];
    if (key !== "$bytes") return { [key.slice(1)]: this.#at(key, () => this.decode(inner)) };
    const bytes = typeof inner === "string" ? decodeBase64(inner) : undefined;
    return bytes ?? this.#problem("has no base64 text after $bytes", 'Write {"$bytes": "aGVsbG8="}.');
  }

  #isTooDeep(): boolean {
    if (this.#path.length < MAX_DEPTH) return false;
    this.#problem(`is nested deeper than ${MAX_DEPTH} levels`, "Make it flatter, or pass it as text.");
    return true;
  }

  #at<T>(part: string | number, decode: () => T): T {
    this.#path.push(part);
    const value = decode();
    this.#path.pop();
    return value;
  }

  #mismatch(type: TypeName, raw: unknown, expected: string): Value {
    return this.#problem(`is ${showValue(raw)}, but its type "${type}" stands for ${expected}`);
  }

  #problem(message: string, hint?: string): Value {
    this.#onProblem([...this.#path], message, hint);
    return null;
  }
}

function isByteList(raw: unknown): raw is number[] {
  return Array.isArray(raw) && raw.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
}

function hintFor(raw: unknown): string | undefined {
  if (raw instanceof Date) return "Write the date as text.";
  if (typeof raw === "number") return "JSON has no such number: write it as text, or leave it out.";
  return undefined;
}
