import { encodeBase64 } from "./base64.ts";
import { setOwn } from "./plain.ts";
import { isTagged } from "./tagged.ts";
import type { Value, Values } from "./value.ts";
import { isBytesKey, type Json } from "./wire.ts";
import type { Workflow } from "./workflow.ts";

/**
 * The document of a checked workflow: `parseWorkflow` makes an equal workflow of it. Values are plain, but for the few
 * that would be taken for something else.
 */
export function encodeDocument(workflow: Workflow): Json {
  const nodes = workflow.nodes.map((node) => ({ ...node, config: encodeEntries(node.config) }));
  // The rest of a workflow is JSON already.
  return { ...workflow, nodes } as unknown as Json;
}

/** The plain form in which documents and requests write a value; undone by `decodeValue`. */
export function encodePlain(value: Value): Json {
  if (value instanceof Uint8Array) return { $bytes: encodeBase64(value) };
  if (Array.isArray(value)) return value.map(encodePlain);
  if (typeof value !== "object" || value === null) return value;
  const entries = encodeEntries(value);
  if (isTagged(value)) return { type: "Object", value: entries };
  const [key, ...others] = Object.keys(value);
  return others.length === 0 && isBytesKey(key) ? { [`$${key}`]: entries[key] ?? null } : entries;
}

function encodeEntries(values: Values): { [name: string]: Json } {
  const entries: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(values)) setOwn(entries, name, encodePlain(value));
  return entries;
}
