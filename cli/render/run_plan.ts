import { type HandlerName, HANDLERS } from "../../engine/events.ts";
import type { UnknownPart } from "../../engine/known_parts.ts";
import type { PlannedNode, RunPlan } from "../../engine/run_plan.ts";
import type { Value, Values } from "../../engine/value.ts";
import { stringifyValue } from "../../engine/wire.ts";
import type { MapSpec, RetryPolicy, WorkflowSettings } from "../../engine/workflow.ts";
import { formatDuration } from "../duration.ts";
import type { Style } from "../style.ts";
import { nodeLabels } from "./labels.ts";
import { cleanLine, truncate } from "./text.ts";

/** Columns that a value may take. */
const MAX_VALUE = 160;

/** What a run would do, node by node, for people. */
export function formatRunPlan(plan: RunPlan, style: Style): string {
  const { workflow, nodes, settings } = plan;
  const count = nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
  const everyNode = [...nodes, ...Object.values(plan.handlers).flat()];
  const labels = nodeLabels({ nodes: everyNode.map((node) => ({ ...node, id: node.node_id })) });
  const lines = [
    `Plan of ${style.bold(cleanLine(workflow.name))}: ${count}, ${describeSettings(settings)}. Nothing has run.`,
    ...formatInputs(plan, style),
    ...nodes.flatMap((node, index) => formatNode(node, index + 1, labels, style)),
    ...formatHandlers(plan, labels, style),
    ...formatOutputs(plan, style),
  ];
  return `${lines.join("\n")}\n`;
}

function describeSettings({ max_parallel_nodes, max_execution_time_ms, on_error }: WorkflowSettings): string {
  const parts = [`at most ${max_parallel_nodes} at a time`];
  if (max_execution_time_ms !== null) parts.push(`${formatDuration(max_execution_time_ms)} in all`);
  if (on_error === "ContinueOnError") parts.push("a failure stops only what is behind it");
  if (typeof on_error === "object") parts.push(`up to ${on_error.RetryWorkflow.max_attempts} times as a whole`);
  return parts.join(", ");
}

function formatInputs({ inputs, defaults }: RunPlan, style: Style): string[] {
  const lines = Object.entries(inputs).map(([name, value]) =>
    `  ${style.cyan(`${cleanLine(name)}:`)} ${showValue(value)}${
      defaults.includes(name) ? style.dim(" (default)") : ""
    }`
  );
  return lines.length === 0 ? [] : ["", style.bold("inputs"), ...lines];
}

function formatHandlers({ handlers }: RunPlan, labels: ReadonlyMap<string, string>, style: Style): string[] {
  return HANDLERS.flatMap((name) => {
    const nodes = (handlers[name] ?? []).flatMap((node, index) => formatNode(node, index + 1, labels, style));
    return nodes.length === 0 ? [] : ["", style.bold(HANDLER_TITLES[name]), ...nodes.slice(1)];
  });
}

const HANDLER_TITLES: Readonly<Record<HandlerName, string>> = {
  on_success: "when it has succeeded",
  on_failure: "when it has failed",
  on_exit: "at the end, in any case",
};

function formatNode(node: PlannedNode, number: number, labels: ReadonlyMap<string, string>, style: Style): string[] {
  const label = (id: string) => labels.get(id) ?? cleanLine(id);
  const after = node.after.length === 0 ? "" : `  after ${node.after.map(label).join(", ")}`;
  const isSkipped = node.action === "skip";
  const head = `${number}. ${style.bold(label(node.node_id))}  ${cleanLine(node.node_type)}${style.dim(after)}`;
  const lines: string[] = [];
  if (node.why !== undefined) {
    lines.push(
      isSkipped ? style.yellow(`skipped: ${cleanLine(node.why)}`) : style.yellow(`runs ${cleanLine(node.why)}`),
    );
  }
  if (node.error !== undefined) lines.push(style.red(`would fail: ${cleanLine(node.error.message)}`));
  if (!isSkipped) lines.push(...formatParts(node, style));
  return ["", head, ...lines.map((line) => `   ${line}`)];
}

function formatParts(node: PlannedNode, style: Style): string[] {
  const values = formatValues(node.config, node.unknown, "config", style);
  const inputs = node.inputs.flatMap(({ port, from, value = null }) =>
    from === undefined
      ? formatValues({ [port]: value }, node.unknown, "inputs", style)
      : [`${style.cyan(`${cleanLine(port)}:`)} from ${cleanLine(from)}`]
  );
  const facts = listFacts(node);
  const items = node.map === undefined ? [] : formatMap(node.map, node.unknown, style);
  return [...values, ...inputs, ...items, ...(facts.length === 0 ? [] : [style.dim(facts.join(", "))])];
}

function formatMap(
  { items, max_parallel, on_error }: MapSpec,
  unknown: readonly UnknownPart[],
  style: Style,
): string[] {
  const parts = [Array.isArray(items) ? `once for each of ${items.length} items` : "once for each item"];
  if (max_parallel !== undefined) parts.push(`at most ${max_parallel} at a time`);
  if (on_error === "continue") parts.push("a failure stops only its item");
  return [...formatValues({ items }, unknown, "map", style), style.dim(parts.join(", "))];
}

function formatValues(values: Values, unknown: readonly UnknownPart[], base: string, style: Style): string[] {
  return Object.entries(values).map(([key, value]) => {
    const place = base === "" ? key : `${base}.${key}`;
    const parts = unknown.filter(({ path }) =>
      path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`)
    );
    const needs = [...new Set(parts.flatMap((part) => part.needs))].map(cleanLine);
    const why = needs.length === 0 ? "" : style.dim(`  (needs ${needs.join(", ")})`);
    return `${style.cyan(`${cleanLine(key)}:`)} ${showValue(value)}${why}`;
  });
}

function formatOutputs({ outputs, unknown_outputs }: RunPlan, style: Style): string[] {
  if (outputs === undefined) return [];
  return ["", style.bold("outputs"), ...formatValues(outputs, unknown_outputs, "", style).map((line) => `  ${line}`)];
}

function listFacts(node: PlannedNode): string[] {
  const { timeout_ms, retry_policy, repeat, cache, run_if, continue_on_error, on_interrupt } = node;
  const facts: string[] = [];
  if (run_if === "always") facts.push("runs whatever happened before");
  if (timeout_ms !== undefined) facts.push(`at most ${formatDuration(timeout_ms)} per attempt`);
  if (retry_policy !== undefined) facts.push(describeRetries(retry_policy));
  if (repeat !== undefined) {
    facts.push(
      `again every ${formatDuration(repeat.delay_ms)} until ${cleanLine(repeat.until)}, ${repeat.max} times at most`,
    );
  }
  if (cache !== undefined) facts.push(`may be taken from the cache for ${formatDuration(cache.ttl_seconds * 1000)}`);
  if (continue_on_error) facts.push("its failure stops nothing");
  if (on_interrupt === "fail") facts.push("is not repeated after a crash");
  return facts;
}

function describeRetries({ max_attempts, delay_ms, backoff_multiplier, max_delay_ms }: RetryPolicy): string {
  if (max_attempts === 1) return "1 attempt";
  const growth = backoff_multiplier === 1 ? "" : `, then ${backoff_multiplier} times as long each`;
  const cap = max_delay_ms === null || backoff_multiplier <= 1 ? "" : `, at most ${formatDuration(max_delay_ms)}`;
  return `up to ${max_attempts} attempts (after ${formatDuration(delay_ms)}${growth}${cap})`;
}

function showValue(value: Value): string {
  return truncate(cleanLine(stringifyValue(value)), MAX_VALUE);
}
