import { FlowError } from "../engine/errors.ts";
import { isPlainObject, setOwn, showValue } from "../engine/plain.ts";
import { Expression, type WorkflowIdentity } from "../engine/typed_expression.ts";
import type { Value } from "../engine/value.ts";

/** What is nested deeper goes in a circle, or is no document. */
const MAX_DEPTH = 100;

/**
 * What was given for a document as plain values: expressions as their text, workflows as their documents. What is
 * undefined is left out.
 *
 * @throws {FlowError} `invalid_argument` if something in it is no value, or of another workflow
 */
export function toDocumentValue(value: unknown, place: string, workflow: WorkflowIdentity, depth = 0): Value {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" || value instanceof Uint8Array) return value;
  if (depth > MAX_DEPTH) throw refuse(place, `it is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    return value.map((item, index) => toDocumentValue(item, `${place}[${index}]`, workflow, depth + 1));
  }
  if (value instanceof Expression) checkIsOf(workflow, Expression.workflowOf(value), `${value}`, place);
  if (hasJson(value)) return toDocumentValue(value.toJSON(), place, workflow, depth + 1);
  if (isPlainObject(value)) return toValues(value, place, workflow, depth);
  throw refuse(place, `${showValue(value)} is no value`);
}

/** @throws {FlowError} `invalid_argument` if `shown` is known to be of another workflow, `owner` */
export function checkIsOf(
  workflow: WorkflowIdentity,
  owner: WorkflowIdentity | undefined,
  shown: string,
  place: string,
): void {
  if (owner === undefined || owner === workflow) return;
  const which = owner.id === workflow.id ? "another workflow with the same id" : `workflow ${showValue(owner.id)}`;
  throw new FlowError("invalid_argument", `Cannot use ${shown} for ${place}: it is of ${which}`, {
    hint: "Use what add() and input() of this workflow have answered, or call the other workflow with flowCall.",
  });
}

function toValues(
  object: Record<string, unknown>,
  place: string,
  workflow: WorkflowIdentity,
  depth: number,
): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) setOwn(values, name, toDocumentValue(value, `${place}.${name}`, workflow, depth + 1));
  }
  return values;
}

function hasJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === "object" && value !== null && "toJSON" in value && typeof value.toJSON === "function" &&
    !(value instanceof Date);
}

function refuse(place: string, state: string): FlowError {
  return new FlowError("invalid_argument", `Cannot use ${place}: ${state}`, {
    hint: "Give values of JSON, bytes, expressions, or outputs of nodes.",
  });
}
