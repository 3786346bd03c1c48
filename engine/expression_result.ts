import { FlowError } from "./errors.ts";
import { OpaqueBytes } from "./expression_scope.ts";
import { setOwn, showValue } from "./plain.ts";
import { toWire, type Value, type Values } from "./value.ts";

/** Levels that a result may have. */
const MAX_DEPTH = 200;

/** Makes a value of what the language answered, at most `maxBytes` of JSON (about); undefined stays undefined. */
export function readResult(result: unknown, maxBytes: number): Value | undefined {
  return result === undefined ? undefined : new ResultReader(maxBytes).read(result, 0);
}

class ResultReader {
  readonly #maxBytes: number;
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  read(result: unknown, depth: number): Value {
    this.#count(typeof result === "string" ? result.length + 2 : 4);
    if (typeof result === "string" || typeof result === "boolean" || result === null) return result;
    if (typeof result === "number") {
      if (Number.isFinite(result)) return result;
      throw new FlowError("expression_failed", `the result has the number ${result}, which JSON cannot hold`);
    }
    if (result === undefined) return null;
    if (result instanceof OpaqueBytes) return result.bytes;
    if (depth >= MAX_DEPTH) throw new FlowError("expression_failed", `the result has more than ${MAX_DEPTH} levels`);
    if (Array.isArray(result)) return Array.from(result, (item) => this.read(item, depth + 1));
    if (typeof result === "object" && !isFunctionObject(result)) return this.#readProperties(result, depth);
    throw new FlowError("expression_failed", "the result is or has a function", { hint: "Call it: $name(...)." });
  }

  #readProperties(result: object, depth: number): Values {
    const values: Values = {};
    for (const [key, value] of Object.entries(result)) {
      this.#count(key.length + 4);
      if (value !== undefined) setOwn(values, key, this.read(value, depth + 1));
    }
    return values;
  }

  #count(bytes: number): void {
    this.#size += bytes;
    if (this.#size > this.#maxBytes) throw tooLarge(this.#maxBytes);
  }
}

/** How a function of the language looks like from outside. */
function isFunctionObject(value: object): boolean {
  return "_jsonata_lambda" in value || "_jsonata_function" in value;
}

/** A value within a text: texts as they are, nothing for null, everything else as JSON. */
export function interpolate(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) throw bytesInText();
  const wire = toWire(value);
  if (wire !== value) throw bytesInText();
  return JSON.stringify(wire);
}

function bytesInText(): FlowError {
  return new FlowError("expression_failed", "bytes cannot become text", {
    hint: "Use the expression alone, without text around it, or decode the bytes in a node.",
  });
}

/** That a result is larger than allowed. */
export function tooLarge(maxBytes: number): FlowError {
  return new FlowError("expression_failed", `the result is larger than ${Math.round(maxBytes / 1024)} KiB`, {
    hint: "Select less of it, or pass the value on whole by a plain path such as nodes.fetch.body.",
  });
}

/**
 * Whether a value counts as true, by the rules of JSONata's `$boolean`: not nothing, null, 0, "", {} or a list without a
 * true item.
 */
export function isTruthy(value: Value | undefined): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  if (Array.isArray(value)) return value.some(isTruthy);
  return value instanceof Uint8Array ? value.length > 0 : Object.keys(value).length > 0;
}

/** A short name for a kind of value: `a list`, `text`. The value itself may be secret. */
export function nameKind(value: unknown): string {
  if (typeof value === "string") return "text";
  if (typeof value === "number") return "a number";
  if (typeof value === "boolean") return String(value);
  return value === undefined ? "nothing" : showValue(value);
}
