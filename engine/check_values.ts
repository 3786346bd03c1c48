import { FlowError } from "./errors.ts";
import { formatPath } from "./issue.ts";
import { isPlainObject, nameForeign, setOwn, showValue } from "./plain.ts";
import type { Value, Values } from "./value.ts";

/** Levels that an output may have. */
const MAX_DEPTH = 200;

/** More parts than this are a mistake, such as one object that is shared a million times over. */
const MAX_PARTS = 10_000_000;

/**
 * Makes values of what a node's code answered: a copy, so that the node may do with its own objects what it likes.
 * Properties that are undefined are dropped, no answer at all counts as no outputs.
 *
 * @throws {FlowError} `invalid_output` for anything else, naming the port and the place in it.
 */
export function checkValues(outputs: unknown): Values {
  if (outputs === undefined) return {};
  if (!isPlainObject(outputs)) {
    throw new FlowError(
      "invalid_output",
      `Node answered ${showValue(outputs)}: expected an object of outputs by port`,
      {
        hint: "Return an object such as { output: value }.",
      },
    );
  }
  return new Checker(refuseOutput).checkProperties(outputs);
}

/**
 * That what an execution is given are values: anything else would not be the same when it is resumed.
 *
 * @throws {FlowError} `invalid_argument`, naming the input and the place in it
 */
export function checkGivenInputs(inputs: Values): void {
  new Checker(refuseInput).checkProperties(inputs);
}

/** Makes an error of a part of a value that is none. */
type Refuse = (name: string | number, state: string, hint: string) => FlowError;

const refuseOutput: Refuse = (port, state, hint) =>
  new FlowError("invalid_output", `Output "${port}" cannot leave the node: ${state}`, { hint });

const refuseInput: Refuse = (name, state) =>
  new FlowError("invalid_argument", `Cannot use input "${name}": ${state}`, {
    hint: "Give JSON values and bytes (Uint8Array) only.",
  });

class Checker {
  readonly #refusal: Refuse;
  readonly #path: (string | number)[] = [];
  readonly #parents: unknown[] = [];
  #parts = 0;

  constructor(refusal: Refuse) {
    this.#refusal = refusal;
  }

  checkProperties(object: Record<string, unknown>): Values {
    this.#enter(object);
    const copy: Values = {};
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value !== undefined) setOwn(copy, key, this.#checkAt(key, value));
    }
    this.#parents.pop();
    return copy;
  }

  #checkItems(items: readonly unknown[]): Value[] {
    this.#enter(items);
    const copy: Value[] = [];
    for (let index = 0; index < items.length; index++) copy.push(this.#checkAt(index, items[index]));
    this.#parents.pop();
    return copy;
  }

  #checkAt(part: string | number, value: unknown): Value {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.#path.push(part);
    const checked = this.#checkObject(value);
    this.#path.pop();
    return checked;
  }

  #checkObject(value: unknown): Value {
    if (Array.isArray(value)) return this.#checkItems(value);
    if (value instanceof Uint8Array) return new Uint8Array(value);
    if (isPlainObject(value)) return this.checkProperties(value);
    return this.#refuse(`is ${nameForeign(value)}`, hintFor(value));
  }

  #enter(value: object): void {
    this.#parts += Array.isArray(value) ? value.length : 1;
    if (this.#parts > MAX_PARTS) {
      this.#refuse(`has more than ${MAX_PARTS} parts`, "Write it to a file, and answer its path.");
    }
    if (this.#parents.length >= MAX_DEPTH) {
      if (this.#parents.includes(value)) this.#refuse("refers back to itself", "Answer a copy without the loop.");
      this.#refuse(`is nested deeper than ${MAX_DEPTH} levels`, "Make it flatter, or answer it as JSON text.");
    }
    this.#parents.push(value);
  }

  #refuse(state: string, hint: string): never {
    const [port = "", ...rest] = this.#path;
    const shown = rest.length > 20 ? [...rest.slice(0, 10), "..."] : rest;
    const place = shown.length === 0 ? "it" : formatPath(shown);
    throw this.#refusal(port, `${place} ${state}`, hint);
  }
}

function hintFor(value: unknown): string {
  if (value instanceof Date) return "Answer date.toISOString().";
  if (typeof value === "bigint") return "Answer Number(value) or String(value).";
  if (typeof value === "number") return "JSON has no such number: answer null or text.";
  if (value === undefined) return "Answer null, or leave it out.";
  if (value instanceof Map) return "Answer Object.fromEntries(map).";
  if (value instanceof Set) return "Answer [...set].";
  if (value instanceof Promise) return "Await it first.";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "Answer bytes as a Uint8Array.";
  if (value instanceof Error) return "Throw it, or answer its message.";
  return "Answer JSON values and Uint8Array only.";
}
