import type { ExecutionSummary } from "../../engine/store.ts";
import type { NodeStatus } from "../../engine/state.ts";
import type { Style } from "../style.ts";
import type { Cell } from "./table.ts";

/** All that a status can be; a node or an execution whose process has died is `interrupted`. */
export type ShownStatus = ExecutionSummary["status"] | NodeStatus;

/** A status in the color that goes with it. */
export function formatStatus(status: ShownStatus, style: Style): Cell {
  return { text: status, paint: paintOf(status, style) };
}

/** The sign that stands for a status. */
export function formatSymbol(status: ShownStatus, style: Style): Cell {
  return { text: SYMBOLS[status], paint: paintOf(status, style) };
}

const SYMBOLS: Readonly<Record<ShownStatus, string>> = {
  waiting: "·",
  running: "▸",
  retrying: "↻",
  interrupted: "!",
  succeeded: "✓",
  failed: "✗",
  cancelled: "⊘",
  skipped: "↷",
};

function paintOf(status: ShownStatus, style: Style): (text: string) => string {
  switch (status) {
    case "succeeded":
      return style.green;
    case "failed":
      return style.red;
    case "running":
      return style.cyan;
    case "waiting":
    case "skipped":
      return style.dim;
    default:
      return style.yellow;
  }
}
