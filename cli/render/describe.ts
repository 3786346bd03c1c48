import type { ErrorInfo } from "../../engine/errors.ts";
import type { NodeEventBody, SkipReason } from "../../engine/events.ts";
import { stringifyValue } from "../../engine/wire.ts";
import { cleanLine } from "./text.ts";

/** Why a node never ran. */
export function describeSkip(because: SkipReason, labels: ReadonlyMap<string, string>): string {
  const label = because.node_id === undefined ? "a node" : labels.get(because.node_id) ?? cleanLine(because.node_id);
  switch (because.reason) {
    case "node_failed":
      return `${label} failed`;
    case "node_cancelled":
      return `${label} was cancelled`;
    case "execution_cancelled":
      return "the execution was cancelled";
    case "execution_timeout":
      return "the execution ran out of time";
    case "not_selected":
      return "not selected";
    case "run_if":
      return "its run_if does not hold";
    case "condition":
      return "its condition does not hold";
    case "no_value":
      return `nothing has come from ${label}`;
    default:
      return String(because.reason satisfies never);
  }
}

/** An error in one line. */
export function describeError(error: ErrorInfo): string {
  return cleanLine(error.message.replaceAll(/\s*\n\s*/g, " "));
}

/** What a node tells about itself, line by line. */
export function describeNodeEvent(event: NodeEventBody): string[] {
  switch (event.event_type) {
    case "Info":
      return toLines(event.message);
    case "Warning":
      return toLines(`warning: ${event.message}`);
    case "StdoutLine":
    case "StderrLine":
      return [cleanLine(event.line)];
    case "Progress":
      return [cleanLine(`${Math.round(event.percent)}% ${event.message ?? ""}`.trimEnd())];
    case "Data":
      return [cleanLine(`${event.port}: ${stringifyValue(event.value).slice(0, 1000)}`)];
  }
}

function toLines(text: string): string[] {
  return text.split(/\r?\n/).map(cleanLine);
}
