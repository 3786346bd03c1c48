import { FlowError } from "./errors.ts";
import { needsName, type Reference, type RootName } from "./expression_reference.ts";
import { setOwn } from "./plain.ts";
import type { Value, Values } from "./value.ts";

/** What expressions can see. All of it is data: nothing in it is ever evaluated. */
export interface ExpressionScope {
  readonly inputs: Values;
  /** By id: outputs by port, and `status` and `error`. A `Map`, or anything that can look up. */
  readonly nodes: { get(id: string): Values | undefined };
  readonly env: Values;
  readonly secrets: Values;
  readonly execution: Values;
  readonly workflow: Values;
  readonly item?: Value | undefined;
  readonly index?: number | undefined;
  readonly attempt?: number | undefined;
  /** What the node has just answered, in `repeat.until`. */
  readonly outputs?: Values | undefined;
}

/** Bytes as expressions see them: something to pass on, with nothing inside. */
export class OpaqueBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  toJSON(): never {
    throw new FlowError("expression_failed", "bytes cannot become text", {
      hint: "Pass bytes on whole, or decode them in a node.",
    });
  }
}

/** Levels that values can have. */
const MAX_DEPTH = 256;

/** Keys by which the language marks its own objects: data may not pass for them. */
const RESERVED_KEYS = ["_jsonata_lambda", "_jsonata_function", "tupleStream", "outerWrapper"] as const;

/** Objects and lists that have been found to hold neither bytes nor reserved keys; values never change. */
const harmless = new WeakSet<object>();

/**
 * The part of a scope that an expression refers to, ready for the language. It cannot see anything else, whatever it
 * does; with `copied` it may also change what it sees.
 */
export function buildInput(scope: ExpressionScope, references: readonly Reference[], copied: boolean): object {
  const input: Record<string, unknown> = {};
  const whole = new Set<RootName>();
  const prepare = copied ? copyValue : protectValue;
  for (const { root, names } of references) {
    const [first, second] = names;
    if (whole.has(root)) continue;
    if (first === undefined) {
      if (needsName(root)) continue;
      whole.add(root);
      const value = root === "nodes" ? undefined : scope[root];
      if (value !== undefined) input[root] = prepare(value);
      continue;
    }
    if (root === "nodes") addNode(partOf(input, root), scope.nodes.get(first.name), first.name, second?.name, prepare);
    else addPart(input, root, scope[root], first.name, prepare);
  }
  return input;
}

type Prepare = (value: Value) => unknown;

function addNode(nodes: Parts, values: Values | undefined, id: string, port: string | undefined, prepare: Prepare) {
  if (values === undefined) return;
  if (port === undefined) setOwn(nodes, id, prepare(values));
  else if (Object.hasOwn(values, port)) addPart(nodes, id, values, port, prepare);
}

function addPart(target: Parts, root: string, value: Value | undefined, name: string, prepare: Prepare): void {
  if (!isValues(value)) {
    if (value !== undefined) setOwn(target, root, prepare(value));
    return;
  }
  const part = partOf(target, root);
  const inner = Object.hasOwn(value, name) && !Object.hasOwn(part, name) ? value[name] : undefined;
  if (inner !== undefined) setOwn(part, name, prepare(inner));
}

type Parts = Record<string, unknown>;

function partOf(target: Parts, name: string): Parts {
  const existing = Object.hasOwn(target, name) ? target[name] : undefined;
  if (typeof existing === "object" && existing !== null) return existing as Parts;
  const created: Parts = {};
  setOwn<unknown>(target, name, created);
  return created;
}

function isValues(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The value itself, or a copy without bytes if it has any. */
function protectValue(value: Value): unknown {
  return isHarmless(value, 0) ? value : copyValue(value);
}

function isHarmless(value: Value, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (value instanceof Uint8Array) return false;
  if (depth === 0 && harmless.has(value)) return true;
  checkDepth(depth);
  let isSound = true;
  if (Array.isArray(value)) { for (const item of value) isSound = isHarmless(item, depth + 1) && isSound; }
  else {
    checkKeys(value);
    for (const key of Object.keys(value)) isSound = isHarmless(value[key] ?? null, depth + 1) && isSound;
  }
  if (isSound && depth === 0) harmless.add(value);
  return isSound;
}

function copyValue(value: Value, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return new OpaqueBytes(value);
  checkDepth(depth);
  if (Array.isArray(value)) return value.map((item) => copyValue(item, depth + 1));
  checkKeys(value);
  const copy: Parts = {};
  for (const key of Object.keys(value)) setOwn(copy, key, copyValue(value[key] ?? null, depth + 1));
  return copy;
}

function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new FlowError("expression_failed", `a value has more than ${MAX_DEPTH} levels`);
}

function checkKeys(value: Values): void {
  for (const key of RESERVED_KEYS) {
    if (!Object.hasOwn(value, key)) continue;
    throw new FlowError("expression_failed", `a value has the key "${key}", which is reserved`, {
      hint: "Use only plain paths on this value, or rename the key in a node.",
    });
  }
}
