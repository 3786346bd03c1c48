import type { ItemSummary } from "../../engine/item_summary.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import type { Value, Values } from "../../engine/value.ts";
import { stringifyValue } from "../../engine/wire.ts";
import type { ShownExecution, ShownNode } from "../../server/execution_document.ts";
import { formatDuration } from "../duration.ts";
import type { Style } from "../style.ts";
import { describeError, describeSkip } from "./describe.ts";
import { nodeLabels } from "./labels.ts";
import { formatTime } from "./quantities.ts";
import { formatResult } from "./result.ts";
import { formatStatus, formatSymbol } from "./status.ts";
import { type Cell, formatTable } from "./table.ts";
import { cleanLine, truncate } from "./text.ts";

/** Nodes that people are shown; of more, those that went wrong come first. */
const MAX_NODES = 200;
const MAX_FAILED_ITEMS = 20;
const MAX_INPUT_COLUMNS = 200;
/** `--json` shows all of it. */
const MAX_OUTPUT_COLUMNS = 500;

/** An execution for people: what it was, what became of each node, what went in and came out. */
export function formatExecution(execution: ShownExecution, registry: NodeRegistry, style: Style): string {
  const { record, outputs } = execution;
  const result = formatResult(record.workflow, registry, outputs, style);
  return formatHead(execution, style) +
    formatSection("NODES", formatNodes(execution, style), style) +
    formatSection("FAILED ITEMS", formatFailedItems(execution, style), style) +
    formatSection("INPUTS", formatInputs(record.inputs, style), style) +
    formatSection("OUTPUTS", fitLines(result), style);
}

/** A part of a page under its heading; nothing if there is nothing in it. */
export function formatSection(title: string, body: string, style: Style): string {
  return body === "" ? "" : `\n${style.bold(title)}\n${body}`;
}

function formatHead({ summary, record }: ShownExecution, style: Style): string {
  const { status, duration_ms, error, source, rerun_of, called_by, owner } = summary;
  const { text, paint } = formatStatus(status, style);
  const rows: [string, string | undefined][] = [
    ["status", (paint ?? String)(text) + (duration_ms === undefined ? "" : ` in ${formatDuration(duration_ms)}`)],
    ["error", error && error.code !== "cancelled" ? describeError(error) : undefined],
    ["started", formatTime(summary.created_at)],
    ["file", source && cleanLine(source)],
    ["folder", record.workdir && cleanLine(record.workdir)],
    ["rerun of", rerun_of],
    ["caller", called_by && `node ${cleanLine(called_by.node_id)} of ${called_by.execution_id}`],
    ["process", status === "running" ? owner : undefined],
    ["go on", status === "interrupted" ? `flow resume ${summary.execution_id}` : undefined],
  ];
  const shown = rows.flatMap(([name, value]) =>
    value === undefined ? [] : `  ${style.dim(name.padEnd(8))}  ${value}\n`
  );
  return `${style.bold(cleanLine(record.workflow.name))}  ${summary.execution_id}\n${shown.join("")}`;
}

function formatNodes({ record, nodes }: ShownExecution, style: Style): string {
  const labels = nodeLabels(record.workflow);
  const wrong = nodes.filter(({ status }) => status === "failed" || status === "interrupted");
  const shown = nodes.length <= MAX_NODES ? nodes : [...new Set([...wrong, ...nodes])].slice(0, MAX_NODES);
  const rows = shown.map((node) => formatNode(node, labels, style));
  const hidden = nodes.length - shown.length;
  return formatTable(rows, "  ") + (hidden > 0 ? `  ${style.dim(`… and ${hidden} more`)}\n` : "");
}

function formatNode(node: ShownNode, labels: ReadonlyMap<string, string>, style: Style): Cell[] {
  const attempts = node.attempt > 1 ? `${node.attempt} attempts` : "";
  return [
    formatSymbol(node.status, style),
    { text: labels.get(node.node_id) ?? node.node_id },
    formatStatus(node.status, style),
    { text: node.duration_ms === undefined || node.attempt === 0 ? "" : formatDuration(node.duration_ms) },
    { text: attempts },
    { text: remarkOn(node, labels), paint: style.dim },
  ];
}

function remarkOn(node: ShownNode, labels: ReadonlyMap<string, string>): string {
  if (node.because !== undefined) return describeSkip(node.because, labels);
  if (node.cached) return "from the cache";
  if (node.reused_from !== undefined) return `from execution ${node.reused_from}`;
  const remarks: string[] = node.handler === undefined ? [] : [node.handler];
  if (node.error !== undefined && node.status !== "succeeded") remarks.push(describeError(node.error));
  if (node.items !== undefined) remarks.push(describeItems(node.items));
  return remarks.join("; ");
}

/** How many of a node's items succeeded. */
export function describeItems({ count, succeeded, failed }: Omit<ItemSummary, "errors">): string {
  if (succeeded === count) return count === 1 ? "1 item" : `${count} items`;
  return failed === 0 ? `${succeeded} of ${count} items` : `${succeeded} of ${count} items, ${failed} failed`;
}

function formatFailedItems({ record, nodes }: ShownExecution, style: Style): string {
  const labels = nodeLabels(record.workflow);
  const total = nodes.reduce((sum, { items }) => sum + (items?.failed ?? 0), 0);
  const failed = nodes.flatMap(({ node_id, items }) => items?.errors.map((item) => ({ node_id, ...item })) ?? []);
  const rows = failed.slice(0, MAX_FAILED_ITEMS).map(({ node_id, index, error }): Cell[] => [
    { text: `${labels.get(node_id) ?? node_id}[${index}]` },
    { text: describeError(error), paint: style.dim },
  ]);
  const hidden = Math.max(total, failed.length) - rows.length;
  return formatTable(rows, "  ") + (hidden > 0 ? `  ${style.dim(`… and ${hidden} more`)}\n` : "");
}

/** Indented, and none so long that it hides the rest. Colors stand only at the start of a line, and stay whole. */
function fitLines(text: string): string {
  return text.replaceAll(/^.+$/gm, (line) => `  ${truncate(line, MAX_OUTPUT_COLUMNS)}`);
}

function formatInputs(inputs: Values, style: Style): string {
  return Object.entries(inputs).map(([name, value]) => {
    const text = typeof value === "string" ? value : readable(value);
    return `  ${style.cyan(`${cleanLine(name)}:`)} ${truncate(cleanLine(text), MAX_INPUT_COLUMNS)}\n`;
  }).join("");
}

function readable(value: Value): string {
  return value instanceof Uint8Array ? `${value.length} bytes` : stringifyValue(value);
}
