import type * as z from "zod";
import { isPlainObject } from "./plain.ts";
import type * as schemas from "./workflow_schema.ts";
import { CONTROL_CHARACTER } from "./workflow_schema.ts";

/**
 * The parts of ordinary documents, read without their schemas: a part that is beyond doubt right is answered as its
 * schema would answer it, any other is left to the schema (undefined). Building and running the schemas takes 20 ms of a
 * process's start, and for large documents most of the time of reading.
 */

type Output<S extends () => z.ZodType> = z.output<ReturnType<S>>;

export function readPlainHead(raw: unknown): Output<typeof schemas.workflowSchema> | undefined {
  if (!hasOnly(raw, HEAD_KEYS)) return undefined;
  const { id, name, description, nodes, connections, triggers, settings } = raw;
  const isSound = (id === undefined || isName(id)) && isTextOrNothing(name) && isTextOrNothing(description) &&
    Array.isArray(nodes) && isListOrNothing(connections) && isListOrNothing(triggers);
  return isSound ? { id, name, description, nodes, connections, triggers, settings } : undefined;
}

export function readPlainNode(raw: unknown): Output<typeof schemas.nodeSchema> | undefined {
  if (!hasOnly(raw, NODE_KEYS)) return undefined;
  const { id, node_type, name, config, timeout_ms, retry_policy } = raw;
  if (!isName(id) || typeof node_type !== "string" || node_type === "" || !isTextOrNothing(name)) return undefined;
  if (!isNothing(timeout_ms) && !isWhole(timeout_ms, 1)) return undefined;
  const position = readPlainPosition(raw.position);
  if (!isNothing(retry_policy) || position === undefined) return undefined;
  return { id, node_type, name, config, position, timeout_ms };
}

/** Null where there is none. */
function readPlainPosition(raw: unknown): { x: number; y: number } | null | undefined {
  if (isNothing(raw)) return null;
  if (!hasOnly(raw, POSITION_KEYS)) return undefined;
  const { x, y } = raw;
  return isFiniteNumber(x) && isFiniteNumber(y) ? { x, y } : undefined;
}

export function readPlainConnection(raw: unknown): Output<typeof schemas.connectionSchema> | undefined {
  if (!hasOnly(raw, CONNECTION_KEYS)) return undefined;
  const { from_node, from_port, to_node, to_port } = raw;
  if (!isName(from_node) || !isName(from_port) || !isName(to_node) || !isName(to_port)) return undefined;
  return { from_node, from_port, to_node, to_port };
}

export function readPlainSettings(raw: unknown): Output<typeof schemas.settingsSchema> | undefined {
  if (!hasOnly(raw, SETTINGS_KEYS)) return undefined;
  const { max_parallel_nodes = 10, on_error = "StopWorkflow", max_execution_time_ms = null } = raw;
  if (!isWhole(max_parallel_nodes, 1) || (on_error !== "StopWorkflow" && on_error !== "ContinueOnError")) {
    return undefined;
  }
  if (max_execution_time_ms !== null && !isWhole(max_execution_time_ms, 1)) return undefined;
  return { max_parallel_nodes, on_error, max_execution_time_ms };
}

const HEAD_KEYS = ["$schema", "id", "name", "description", "nodes", "connections", "triggers", "settings"];
const NODE_KEYS = ["id", "node_type", "name", "config", "position", "timeout_ms", "retry_policy"];
const POSITION_KEYS = ["x", "y"];
const CONNECTION_KEYS = ["from_node", "from_port", "to_node", "to_port"];
const SETTINGS_KEYS = ["max_parallel_nodes", "on_error", "max_execution_time_ms"];

function hasOnly(raw: unknown, keys: readonly string[]): raw is Record<string, unknown> {
  return isPlainObject(raw) && Object.keys(raw).every((key) => keys.includes(key));
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value !== "__proto__" && !CONTROL_CHARACTER.test(value) &&
    value.isWellFormed();
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isTextOrNothing(value: unknown): value is string | null | undefined {
  return isNothing(value) || typeof value === "string";
}

function isListOrNothing(value: unknown): value is unknown[] | null | undefined {
  return isNothing(value) || Array.isArray(value);
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isWhole(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && value as number >= min;
}
