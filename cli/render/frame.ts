import type { NodeState, NodeStatus } from "../../engine/state.ts";
import { formatDuration } from "../duration.ts";
import type { Style } from "../style.ts";
import { describeError, describeSkip } from "./describe.ts";
import { describeItems } from "./execution_page.ts";
import type { ExecutionView, StatusCounts } from "./execution_view.ts";
import type { Line, Segment, TerminalSize } from "./screen.ts";
import { measureWidth, padTo, truncate } from "./text.ts";

/** Nodes that a final picture shows at most one by one; of more, only those that went wrong. */
const MAX_FINAL_NODES = 100;
const MAX_LABEL_COLUMNS = 40;
/** The header, the line of counts and the line of remarks. */
const FRAME_LINES = 3;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** What a picture shows besides the execution itself. */
export interface FrameOptions {
  size: TerminalSize;
  style: Style;
  /** Epoch milliseconds. */
  now: number;
  /** Grows from frame to frame. */
  tick: number;
  /** Something that has to be said, such as how to kill what does not end. */
  remark?: string | undefined;
  /** Nothing runs any more: what has not ended never will. */
  isOver?: boolean;
}

/** The picture of a running execution, at most as high as the terminal allows. */
export function drawFrame(view: ExecutionView, options: FrameOptions): Line[] {
  const budget = Math.max(1, options.size.rows - 1 - FRAME_LINES);
  const lines = [drawHeader(view, options.style)];
  const shown = [...view.order, ...view.handlers];
  if (shown.length <= budget) lines.push(...drawNodes(view, shown, options, budget));
  else lines.push(...drawSelection(view, options, budget));
  lines.push(drawCounts(view, options));
  if (options.remark !== undefined) lines.push([[options.remark, options.style.yellow]]);
  return lines;
}

/** The picture that stays. What has not come to its end by now was interrupted. */
export function drawFinalFrame(view: ExecutionView, given: FrameOptions): Line[] {
  const options = { ...given, isOver: true };
  const all = view.order.length <= MAX_FINAL_NODES;
  const nodes = drawNodes(view, [...(all ? view.order : view.failed), ...view.handlers], options, Infinity);
  return [drawHeader(view, options.style), ...nodes, drawCounts(view, options)];
}

function drawHeader(view: ExecutionView, style: Style): Line {
  return [[view.workflowName, style.bold], [`  ${view.state.execution_id}`, style.dim]];
}

/** As many of the nodes that matter now as fit: those that run, then failed ones, then the last that ended. */
function drawSelection(view: ExecutionView, options: FrameOptions, budget: number): Line[] {
  const chosen = new Set<string>();
  const take = (ids: Iterable<string>) => {
    for (const id of ids) {
      if (chosen.size >= budget - 1) return;
      chosen.add(id);
    }
  };
  take(view.active);
  take(view.handlers.toReversed());
  take(view.failed);
  take(view.recent.toReversed());
  const hidden = view.order.length + view.handlers.length - chosen.size;
  return [...drawNodes(view, [...chosen], options, budget - 1), [[`  … and ${hidden} more nodes`, options.style.dim]]];
}

/** One line per node; lines that are left of the budget show what nodes print, running ones first. */
function drawNodes(view: ExecutionView, ids: readonly string[], options: FrameOptions, budget: number): Line[] {
  const columns = Math.min(MAX_LABEL_COLUMNS, Math.max(0, ...ids.map((id) => measureWidth(view.label(id)))));
  let left = budget - ids.length;
  const tails = new Map<string, readonly string[]>();
  const byUrgency = [...ids.filter((id) => view.active.has(id)), ...ids.filter((id) => !view.active.has(id))];
  for (const id of byUrgency) {
    const tail = view.tail(id).slice(-Math.min(3, Math.max(0, left)));
    if (left <= 0 || tail.length === 0) continue;
    left -= tail.length;
    tails.set(id, tail);
  }
  return ids.flatMap((id) => [
    drawNode(view, id, columns, options),
    ...(tails.get(id) ?? []).map((line): Line => [[`      │ ${line}`, options.style.dim]]),
  ]);
}

function drawNode(view: ExecutionView, id: string, columns: number, options: FrameOptions): Line {
  const node = view.node(id);
  const { style } = options;
  const label = padTo(truncate(view.label(id), MAX_LABEL_COLUMNS), columns);
  const wasInterrupted = options.isOver && view.active.has(id);
  const paintLabel = node.status === "waiting" || node.status === "skipped" ? style.dim : (text: string) => text;
  return [
    ["  "],
    wasInterrupted ? ["!", style.yellow] : drawSymbol(node.status, options),
    [" "],
    [label, paintLabel],
    ...(wasInterrupted ? [["  interrupted", style.yellow] as const] : describeNode(view, id, node, options)),
  ];
}

function drawSymbol(status: NodeStatus, { style, tick }: FrameOptions): Segment {
  switch (status) {
    case "waiting":
      return ["·", style.dim];
    case "running":
      return [SPINNER[tick % SPINNER.length] ?? "", style.cyan];
    case "retrying":
      return ["↻", style.yellow];
    case "succeeded":
      return ["✓", style.green];
    case "failed":
      return ["✗", style.red];
    case "cancelled":
      return ["⊘", style.yellow];
    case "skipped":
      return ["↷", style.dim];
  }
}

function describeNode(view: ExecutionView, id: string, node: NodeState, { style, now }: FrameOptions): Line {
  const attempts = view.maxAttempts.get(id);
  const attempt = node.attempt > 1 ? `  attempt ${node.attempt}${attempts === undefined ? "" : `/${attempts}`}` : "";
  switch (node.status) {
    case "waiting":
      return [];
    case "running": {
      const progress = view.progress(id);
      const elapsed = formatDuration(Math.max(0, now - (node.at ?? now)));
      return [[`  ${elapsed}`, style.dim], [attempt, style.yellow], [progress === undefined ? "" : `  ${progress}`]];
    }
    case "retrying": {
      const next = `  attempt ${node.attempt + 1}${attempts === undefined ? "" : `/${attempts}`}`;
      const left = formatDuration(Math.max(0, (node.at ?? now) - now));
      return [[`${next} in ${left}`, style.yellow], [`  ${node.error ? describeError(node.error) : ""}`, style.dim]];
    }
    case "succeeded":
      return [[`  ${describeDuration(node)}`, style.dim], [node.items === undefined ? attempt : "", style.dim], [
        node.items === undefined ? "" : `  ${describeItems(node.items)}`,
        (node.items?.failed ?? 0) > 0 ? style.yellow : style.dim,
      ]];
    case "failed":
    case "cancelled": {
      const paint = node.status === "failed" ? style.red : style.yellow;
      return [[`  ${describeDuration(node)}`, style.dim], [attempt, style.dim], [
        `  ${node.error ? describeError(node.error) : ""}`,
        paint,
      ], [node.items === undefined ? "" : `  ${describeItems(node.items)}`, style.dim]];
    }
    case "skipped":
      return node.because ? [[`  skipped: ${describeSkip(node.because, view.labels)}`, style.dim]] : [];
  }
}

function describeDuration(node: NodeState): string {
  if (node.cached) return "cached";
  if (node.reused_from !== undefined) return "reused";
  return node.duration_ms === undefined ? "" : formatDuration(node.duration_ms);
}

function drawCounts(view: ExecutionView, { style, now, isOver: isLast = false }: FrameOptions): Line {
  const { state } = view;
  const counts = isLast ? interruptActive(view.counts) : { ...view.counts, interrupted: 0 };
  const isOver = state.duration_ms !== undefined;
  const elapsed = formatDuration(
    state.duration_ms ?? (state.started_at === 0 ? 0 : Math.max(0, now - state.started_at)),
  );
  const paint = {
    pending: style.dim,
    running: style.dim,
    succeeded: style.green,
    failed: style.red,
    cancelled: style.yellow,
  };
  const head: Segment = isOver
    ? [`${state.status} in ${elapsed}`, paint[state.status]]
    : isLast
    ? [`interrupted after ${elapsed}`, style.yellow]
    : [elapsed, style.dim];
  const total = view.order.length;
  const parts = SHOWN_COUNTS.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  const summary = parts.length === 1 && isOver ? `${total} ${total === 1 ? "node" : "nodes"}` : parts.join(", ");
  return [head, [`  ${summary}`, style.dim]];
}

const SHOWN_COUNTS = [
  "succeeded",
  "running",
  "retrying",
  "interrupted",
  "failed",
  "cancelled",
  "skipped",
  "waiting",
] as const;

function interruptActive(counts: StatusCounts): Record<typeof SHOWN_COUNTS[number], number> {
  return { ...counts, running: 0, retrying: 0, interrupted: counts.running + counts.retrying };
}
