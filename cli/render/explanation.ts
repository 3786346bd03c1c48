import type { ErrorInfo } from "../../engine/errors.ts";
import type { Explanation, NodeExplanation } from "../../engine/explain.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { formatDuration } from "../duration.ts";
import type { Style } from "../style.ts";
import { describeError, describeSkip } from "./describe.ts";
import { describeItems, formatSection } from "./execution_page.ts";
import { nodeLabels } from "./labels.ts";
import { formatStatus, formatSymbol, type ShownStatus } from "./status.ts";
import { type Cell, formatTable } from "./table.ts";
import { cleanLine } from "./text.ts";

/** Nodes, and steps of the critical path, that people are shown. */
const MAX_SHOWN = 100;
/** Names that one line lists. */
const MAX_NAMES = 10;

/** An explanation for people: the causes first, then every node, then where the time went. */
export function formatExplanation(explanation: Explanation, workflow: Workflow, style: Style): string {
  const page = new ExplanationPage(explanation, nodeLabels(workflow), style);
  return page.format();
}

class ExplanationPage {
  readonly #explanation: Explanation;
  readonly #labels: ReadonlyMap<string, string>;
  readonly #style: Style;

  constructor(explanation: Explanation, labels: ReadonlyMap<string, string>, style: Style) {
    this.#explanation = explanation;
    this.#labels = labels;
    this.#style = style;
  }

  format(): string {
    return this.#head() +
      formatSection("WHY", this.#causes(), this.#style) +
      formatSection("NODES", this.#nodes(), this.#style) +
      formatSection("CRITICAL PATH", this.#path(), this.#style) +
      formatSection("ENGINE", this.#engine(), this.#style);
  }

  #label(nodeId: string): string {
    return this.#labels.get(nodeId) ?? cleanLine(nodeId);
  }

  #head(): string {
    const { workflow_name, execution_id, status, duration_ms, rerun_of } = this.#explanation;
    const { text, paint } = formatStatus(status === "pending" ? "waiting" : status, this.#style);
    const verb = status === "running"
      ? `${text} after`
      : status === "interrupted"
      ? `${text} after at least`
      : `${text} in`;
    const rerun = rerun_of === undefined ? "" : `, a rerun of ${rerun_of}`;
    const outcome = `${paint?.(verb) ?? verb} ${formatDuration(duration_ms)}${rerun}`;
    return `${this.#style.bold(cleanLine(workflow_name))}  ${execution_id}\n${outcome}\n`;
  }

  #causes(): string {
    const { earlier_rounds, resumed, nodes, error } = this.#explanation;
    const lines = earlier_rounds.map((cause, index) => `Round ${index + 1} was given up: ${describeError(cause)}`);
    if (resumed > 0) lines.push(`It was interrupted and resumed ${resumed === 1 ? "once" : `${resumed} times`}.`);
    const tried = nodes.filter(({ attempts, items, handler, error }) => {
      const hasFailed = handler !== undefined && error !== undefined;
      return hasFailed || (items?.failed ?? 0) > 0 || attempts.some((attempt) => attempt.error !== undefined);
    });
    for (const node of tried.slice(0, MAX_SHOWN)) lines.push(...this.#explainTrouble(node));
    if (error !== undefined && !nodes.some(({ status }) => status === "failed")) lines.push(describeError(error));
    return lines.map((line) => `  ${line}\n`).join("");
  }

  #explainTrouble(node: NodeExplanation): string[] {
    const { node_id, status, attempts, error, handler } = node;
    const tries = attempts.length <= 1 ? "" : ` after ${attempts.length} attempts`;
    const state = status === "failed" && error ? `failed${tries}: ${describeError(error)}` : `${status}${tries}`;
    const aside = handler === undefined ? "" : ` (${handler}: it changes nothing in the result)`;
    const lines = [`${this.#style.bold(this.#label(node_id))} ${state}${aside}`, ...explainItems(node)];
    if (attempts.length > 1) lines.push(...attempts.map((attempt) => this.#explainAttempt(attempt)));
    const victims = this.#explanation.nodes.filter(({ skipped }) => skipped?.node_id === node_id);
    if (victims.length === 0) return lines;
    const names = victims.slice(0, MAX_NAMES).map((victim) => this.#label(victim.node_id)).join(", ");
    const hidden = victims.length > MAX_NAMES ? `, and ${victims.length - MAX_NAMES} more` : "";
    return [...lines, `  so these were skipped: ${names}${hidden}`];
  }

  #explainAttempt({ attempt, duration_ms, error, delay_ms }: NodeExplanation["attempts"][number]): string {
    const took = formatDuration(duration_ms);
    const outcome = describeAttempt(error, took);
    const pause = delay_ms === undefined ? "" : this.#style.dim(`, next one in ${formatDuration(delay_ms)}`);
    return `  attempt ${attempt} ${outcome}${pause}`;
  }

  #nodes(): string {
    const { nodes } = this.#explanation;
    const rows = nodes.slice(0, MAX_SHOWN).map((node): Cell[] => [
      formatSymbol(node.status, this.#style),
      { text: this.#label(node.node_id) },
      { text: node.attempts.length === 0 ? "" : formatDuration(node.run_ms), isRight: true },
      { text: this.#remarks(node).join("; "), paint: this.#style.dim },
    ]);
    return formatTable(rows, "  ") + this.#more(nodes.length - rows.length);
  }

  #remarks(node: NodeExplanation): string[] {
    const { status, skipped, reused_from, attempts, items, handler, waited_ms, delay_ms, down_ms } = node;
    const remarks: string[] = [];
    if (handler !== undefined) remarks.push(handler);
    if (items !== undefined) remarks.push(describeItems(items));
    if (skipped !== undefined) remarks.push(`skipped: ${describeSkip(skipped, this.#labels)}`);
    if (status === "interrupted") remarks.push("interrupted: its process has died");
    if (reused_from !== undefined) remarks.push(`reused from execution ${reused_from}`);
    remarks.push(...describeCache(node));
    if (attempts.length > 1) remarks.push(`${attempts.length} attempts`);
    if (delay_ms > 0) remarks.push(`paused ${formatDuration(delay_ms)} between attempts`);
    if (waited_ms > 0) remarks.push(`waited ${formatDuration(waited_ms)} for a free slot`);
    if (down_ms > 0) remarks.push(`interrupted for ${formatDuration(down_ms)}`);
    return remarks;
  }

  #path(): string {
    const { critical_path, duration_ms } = this.#explanation;
    const status = new Map(this.#explanation.nodes.map((node) => [node.node_id, node.status as ShownStatus]));
    const steps = critical_path.slice(-MAX_SHOWN);
    const rows = steps.map((step): Cell[] => [
      formatSymbol(status.get(step.node_id) ?? "waiting", this.#style),
      { text: this.#label(step.node_id) },
      { text: formatDuration(step.total_ms), isRight: true },
      { text: `${Math.round(step.total_ms / Math.max(1, duration_ms) * 100)}%`, isRight: true, paint: this.#style.dim },
      { text: step.waited_ms > step.run_ms ? "mostly waiting for a free slot" : "", paint: this.#style.dim },
    ]);
    return this.#more(critical_path.length - steps.length) + formatTable(rows, "  ");
  }

  #engine(): string {
    const { total_ms, per_node_ms } = this.#explanation.engine;
    const ran = this.#explanation.nodes.filter(({ attempts }) => attempts.length > 0).length;
    if (ran === 0) return "";
    const nodes = ran === 1 ? "1 node" : `${ran} nodes`;
    if (total_ms < 1) return `  took less than 1ms to start ${nodes}\n`;
    return `  took ${formatDuration(total_ms)} to start ${nodes}, ${per_node_ms}ms each\n`;
  }

  #more(hidden: number): string {
    return hidden > 0 ? `  ${this.#style.dim(`… and ${hidden} more`)}\n` : "";
  }
}

function explainItems({ items }: NodeExplanation): string[] {
  if (items === undefined || items.failed === 0) return [];
  const shown = items.errors.slice(0, MAX_NAMES).map(({ index, error }) =>
    `    items[${index}]: ${describeError(error)}`
  );
  const hidden = items.failed - shown.length;
  const more = hidden > 0 ? [`    … and ${hidden} more`] : [];
  return [`  ${items.failed} of ${items.count} items did not succeed:`, ...shown, ...more];
}

function describeAttempt(error: ErrorInfo | undefined, took: string): string {
  if (error === undefined) return `took ${took}`;
  return error.code === "interrupted"
    ? `was cut off after at least ${took}`
    : `failed after ${took}: ${describeError(error)}`;
}

function describeCache({ cache }: NodeExplanation): string[] {
  if (cache === undefined) return [];
  switch (cache.outcome) {
    case "hit":
      return [
        `${describeCachedItems(cache.items)}from the cache: same config and inputs within ${cache.ttl_seconds} s`,
      ];
    case "miss":
      if (cache.items !== undefined) return ["no item was in the cache"];
      return [`not in the cache: no result for this config and these inputs within ${cache.ttl_seconds} s`];
    case "bypassed":
      return ["cache not used: --no-cache"];
  }
}

function describeCachedItems(count: number | undefined): string {
  if (count === undefined) return "";
  return count === 1 ? "1 item " : `${count} items `;
}
