import type { NodeRegistry } from "../../engine/registry.ts";
import type { Value, Values } from "../../engine/value.ts";
import { stringifyValue, toWire } from "../../engine/wire.ts";
import type { Workflow } from "../../engine/workflow.ts";
import type { Style } from "../style.ts";
import { nodeLabels } from "./labels.ts";
import { cleanLine } from "./text.ts";

/** Lines of one value that people are shown; programs get all of it. */
const MAX_VALUE_LINES = 20;

/** A result for programs: one JSON object, the declared outputs by name or else those of last nodes by port by node id. */
export function formatResultJson(outputs: Values): string {
  return `${JSON.stringify(toWire(outputs), null, 2)}\n`;
}

/** A repeated value that is longer than this is not shown again. */
const MAX_REPEATED_CHARS = 40;

/** A result for people: empty text is left out, and long values are shown once. */
export function formatResult(
  workflow: Pick<Workflow, "nodes" | "outputs">,
  registry: NodeRegistry,
  outputs: Values,
  style: Style,
): string {
  if (workflow.outputs !== undefined) return formatDeclared(outputs, style);
  const labels = nodeLabels(workflow);
  const types = new Map(workflow.nodes.map(({ id, node_type }) => [id, node_type]));
  let text = "";
  for (const [nodeId, values] of Object.entries(outputs as Record<string, Values>)) {
    const declared = registry.get(types.get(nodeId) ?? "")?.outputs.shape ?? {};
    const lines = formatPorts(inOrder(values, Object.keys(declared)), style);
    if (lines.length > 0) text += `${style.bold(labels.get(nodeId) ?? cleanLine(nodeId))}\n${lines.join("\n")}\n`;
  }
  return text;
}

function formatDeclared(outputs: Values, style: Style): string {
  const lines = Object.entries(outputs).flatMap(([name, value]) =>
    formatNamed(style.cyan(`${cleanLine(name)}:`), value, "  ")
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** The most telling port is the one that a node type declares first. */
function inOrder(values: Values, names: readonly string[]): [port: string, value: Value][] {
  const known = names.filter((name) => Object.hasOwn(values, name));
  const ports = new Set([...known, ...Object.keys(values)]);
  return Array.from(ports, (port) => [port, values[port] ?? null]);
}

function formatPorts(values: readonly [port: string, value: Value][], style: Style): string[] {
  const said = new Map<string, string>();
  return values.filter(([, value]) => value !== "").flatMap(([port, value]) => {
    const head = `  ${style.cyan(`${cleanLine(port)}:`)}`;
    const json = stringifyValue(value);
    const earlier = said.get(json);
    if (earlier !== undefined && json.length > MAX_REPEATED_CHARS) {
      return [`${head} ${style.dim(`same as ${cleanLine(earlier)}`)}`];
    }
    said.set(json, port);
    return formatNamed(head, value, "    ");
  });
}

/** On the line of its name if it fits there. */
function formatNamed(head: string, value: Value, indent: string): string[] {
  const [first = "", ...rest] = formatValue(value);
  return rest.length === 0 ? [`${head} ${first}`] : [head, ...[first, ...rest].map((line) => `${indent}${line}`)];
}

function formatValue(value: Value): string[] {
  if (value instanceof Uint8Array) return [`${value.length} bytes`];
  const text = typeof value === "string" ? value : JSON.stringify(toWire(value), null, 2);
  const lines = (text.length <= 100 && typeof value !== "string" ? stringifyValue(value) : text).split(/\r?\n/);
  const shown = lines.slice(0, MAX_VALUE_LINES).map(cleanLine);
  const hidden = lines.length - shown.length;
  return hidden === 0 ? shown : [...shown, `… and ${hidden} more lines`];
}
