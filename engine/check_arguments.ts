import { checkGivenInputs } from "./check_values.ts";
import type { StartOptions } from "./engine_options.ts";
import { FlowError } from "./errors.ts";
import { isPlainObject, showValue } from "./plain.ts";

/** Ids stand in addresses, file names and command lines. */
const EXECUTION_ID = /^[A-Za-z0-9][\w.:-]{0,199}$/;

/** For callers without types. @throws {FlowError} `invalid_argument` if it cannot be what `parseWorkflow` has answered */
export function checkIsWorkflow(workflow: unknown): void {
  if (isObject(workflow) && Array.isArray(workflow["nodes"]) && isObject(workflow["settings"])) return;
  throw refuse(
    `Cannot start ${showValue(workflow)}: it is not a checked workflow`,
    "Pass what parseWorkflow() answers, and await it.",
  );
}

/** @throws {FlowError} `invalid_argument` */
export function checkStartOptions({ execution_id, timeoutMs, inputs, signal }: StartOptions): void {
  if (execution_id !== undefined && !(typeof execution_id === "string" && EXECUTION_ID.test(execution_id))) {
    throw refuse(
      `Cannot use ${showValue(execution_id)} as execution_id: it is not an id`,
      "Use up to 200 letters, digits and . _ : -, beginning with a letter or digit, or leave it out.",
    );
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs < Infinity)) {
    throw refuse(
      `Cannot use ${showValue(timeoutMs)} as timeoutMs: it is not a positive number`,
      "Give it in milliseconds, or leave it out for no limit.",
    );
  }
  if (signal !== undefined && !(isObject(signal) && typeof signal["addEventListener"] === "function")) {
    throw refuse(`Cannot use ${showValue(signal)} as signal`, "Pass the signal of an AbortController.");
  }
  if (inputs !== undefined && !isPlainObject(inputs)) {
    throw refuse(`Cannot use ${showValue(inputs)} as inputs`, "Pass an object with one property per input.");
  }
  if (inputs !== undefined) checkGivenInputs(inputs);
}

const DEFINITION: Readonly<Record<string, readonly [is: (value: unknown) => boolean, what: string]>> = {
  type: [(value) => typeof value === "string" && value !== "", 'text such as "my.node"'],
  version: [(value) => Number.isInteger(value) && Number(value) > 0, "a whole number, from 1"],
  summary: [(value) => typeof value === "string", "one line of text"],
  category: [(value) => typeof value === "string", "text"],
  config: [isLazyObject, "an object of zod types, {} for none"],
  inputs: [isLazyObject, "an object of zod types, {} for none, or anyPorts()"],
  outputs: [isLazyObject, "an object of zod types, {} for none, or anyPorts()"],
  run: [(value) => typeof value === "function", "a function"],
};

/** For callers without types. @throws {FlowError} `invalid_argument` if a part of a node type is missing */
export function checkDefinition(input: unknown): void {
  const definition = isObject(input) ? input : {};
  const name = typeof definition["type"] === "string" ? ` "${definition["type"]}"` : "";
  for (const [key, [is, what]] of Object.entries(DEFINITION)) {
    const value = definition[key];
    if (!is(value)) {
      throw refuse(`Cannot define node type${name}: ${key} is ${showValue(value)}`, `Make ${key} ${what}.`);
    }
  }
}

/**
 * For callers without types, and for types of another major version of zod.
 * @throws {FlowError} `invalid_argument` if something in it is no type
 */
export function checkShape(shape: object, nodeType: string, part: string): void {
  if ("_zod" in shape || "_def" in shape) {
    throw refuse(
      `Cannot define node type "${nodeType}": what should be the types of ${part} by name is one type`,
      "Pass an object of types: of a z.object(...), its shape.",
    );
  }
  for (const [name, type] of Object.entries(shape)) {
    if (isObject(type) && isObject(type["_zod"])) continue;
    const what = isObject(type) && "_def" in type ? "a type of zod 3" : showValue(type);
    throw refuse(
      `Cannot define node type "${nodeType}": ${part} "${name}" is ${what}, not a type of zod 4`,
      'Make it with the z of flowengine: import { z } from "flowengine".',
    );
  }
}

function isLazyObject(value: unknown): boolean {
  return isObject(value) || typeof value === "function";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function refuse(message: string, hint: string): FlowError {
  return new FlowError("invalid_argument", message, { hint });
}
