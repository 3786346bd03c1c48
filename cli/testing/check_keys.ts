import * as z from "zod";
import { formatPath, type IssueList, type Path } from "../../engine/issue.ts";
import { isPlainObject, setOwn } from "../../engine/plain.ts";
import { reportUnknownKey } from "../../engine/report.ts";

/** Adds an error for every key, at any depth, that the schema does not have there. */
export function checkKeys(schema: z.core.$ZodType, raw: unknown, path: Path, issues: IssueList): void {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray && Array.isArray(raw)) {
    for (const [index, item] of raw.entries()) checkKeys(inner.element, item, [...path, index], issues);
  } else if (inner instanceof z.ZodRecord && isPlainObject(raw)) {
    for (const [key, value] of Object.entries(raw)) checkKeys(inner.valueType, value, [...path, key], issues);
  } else if (inner instanceof z.ZodObject && isPlainObject(raw)) {
    const shape = shapeOf(inner);
    for (const [key, value] of Object.entries(raw)) {
      const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (known !== undefined) checkKeys(known, value, [...path, key], issues);
      else if (key !== "$schema" && !key.startsWith("x-")) {
        reportUnknownKey(issues, formatPath(path) || "Test file", [...path, key], [key], Object.keys(shape));
      }
    }
  }
}

/** A copy without the keys that have no value, as YAML writes them: `expect:` with nothing behind it. */
export function withoutNulls(schema: z.core.$ZodType, raw: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray && Array.isArray(raw)) return raw.map((item) => withoutNulls(inner.element, item));
  if (!isPlainObject(raw)) return raw;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (inner instanceof z.ZodRecord) setOwn(copy, key, fillIn(inner.valueType, value));
    else if (!(inner instanceof z.ZodObject)) setOwn(copy, key, value);
    else if (value !== null) setOwn(copy, key, withoutNulls(shapeOf(inner)[key] ?? z.unknown(), value));
  }
  return copy;
}

/** A name with nothing behind it stands for an empty object, where objects are. */
function fillIn(schema: z.core.$ZodType, value: unknown): unknown {
  return value === null && unwrap(schema) instanceof z.ZodObject ? {} : withoutNulls(schema, value);
}

function shapeOf({ shape }: z.ZodObject): Record<string, z.core.$ZodType> {
  return shape;
}

/** What is behind defaults and the like; of a choice, the object. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.find((option) => option instanceof z.ZodObject) ?? schema;
  return schema;
}
