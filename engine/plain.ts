/** Whether `value` is an object literal or the like: no array, no instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** Assigns an own property, also if its name is `__proto__`. */
export function setOwn<T>(target: Record<string, T>, name: string, value: T): void {
  if (name === "__proto__") {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[name] = value;
  }
}

/** A copy of the objects, lists and bytes that `value` is made of; instances of classes stay what they are. */
export function copyPlain<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  if (value instanceof Uint8Array) return new Uint8Array(value) as T;
  return isPlainObject(value) ? copyProperties(value) as T : value;
}

function copyProperties(object: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(object)) setOwn(copy, key, copyPlain(object[key]));
  return copy;
}

const SHOWN_LENGTH = 60;
const MAX_NAME_LENGTH = 200;

/** A value as it stands in messages: JSON, shortened. */
export function showValue(value: unknown): string {
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value instanceof Uint8Array) return "bytes";
  if (isPlainObject(value)) return "an object";
  return nameForeign(value);
}

/** What a JavaScript value is that is no JSON: `a Date`, `a function`, `undefined`. */
export function nameForeign(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const name: unknown = value.constructor?.name;
    return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an object of a class";
  }
  if (typeof value === "bigint") return `the BigInt ${value}`;
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return String(value);
}

function shorten(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}...`;
}

/** A name as it stands in messages: in double quotes, shortened, with control characters escaped. */
export function quote(name: string): string {
  return JSON.stringify(name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}...`);
}

/** Subclasses such as Node's Buffer print, compare and serialize differently. */
export function asPlainBytes(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `values` but for what `keys` has too. */
export function withoutKeys<T>(values: Record<string, T>, keys: Readonly<Record<string, unknown>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !Object.hasOwn(keys, key)));
}
