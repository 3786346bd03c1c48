import { encodeBase64 } from "./base64.ts";
import { HANDLERS } from "./events.ts";
import { setOwn } from "./plain.ts";
import { isTagged } from "./tagged.ts";
import type { Value, Values } from "./value.ts";
import { isBytesKey, type Json } from "./wire.ts";
import type { InputSpec, NodeSpec, Workflow, WorkflowSettings } from "./workflow.ts";

/**
 * The document of a checked workflow: `parseWorkflow` makes an equal workflow of it. Values are plain, but for the few
 * that would be taken for something else.
 */
export function encodeDocument(workflow: Workflow): Json {
  const { inputs, outputs } = workflow;
  const document = {
    ...workflow,
    nodes: workflow.nodes.map(encodeNode),
    settings: encodeSettings(workflow.settings),
    ...(inputs && { inputs: mapEntries(inputs, encodeInput) }),
    ...(outputs && { outputs: encodeEntries(outputs) }),
  };
  // The rest of a workflow is JSON already.
  return document as unknown as Json;
}

function encodeNode({ config, inputs, map, ...node }: NodeSpec) {
  return {
    ...node,
    config: encodeEntries(config),
    ...(inputs && { inputs: encodeEntries(inputs) }),
    ...(map && { map: { ...map, items: encodePlain(map.items) } }),
  };
}

function encodeSettings(settings: WorkflowSettings) {
  const handlers = HANDLERS.flatMap((name) => {
    const nodes = settings[name];
    return nodes === undefined ? [] : [[name, nodes.map(encodeNode)] as const];
  });
  return { ...settings, ...Object.fromEntries(handlers) };
}

function encodeInput(spec: InputSpec) {
  const { default: fallback, enum: allowed } = spec;
  return {
    ...spec,
    ...(fallback !== undefined && { default: encodePlain(fallback) }),
    ...(allowed && { enum: allowed.map(encodePlain) }),
  };
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
  return mapEntries(values, encodePlain);
}

function mapEntries<T, U>(entries: Readonly<Record<string, T>>, map: (value: T) => U): { [name: string]: U } {
  const mapped: { [name: string]: U } = {};
  for (const [name, value] of Object.entries(entries)) setOwn(mapped, name, map(value));
  return mapped;
}
