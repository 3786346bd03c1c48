import type { EventOf, ExecutionEvent, NodeSubject } from "../../engine/events.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { formatDuration } from "../duration.ts";
import type { OutputStream } from "../output.ts";
import type { Style } from "../style.ts";
import { describeError, describeNodeEvent, describeSkip } from "./describe.ts";
import { nodeLabels } from "./labels.ts";
import type { Renderer } from "./renderer.ts";
import { cleanLine } from "./text.ts";

/** Each event as a line with its time; what nodes print as `node | line`. For pipes and logs. */
export class PlainLines implements Renderer {
  readonly #output: OutputStream;
  readonly #style: Style;
  readonly #workflowName: string;
  readonly #labels: ReadonlyMap<string, string>;

  constructor(output: OutputStream, style: Style, workflow: Workflow) {
    this.#output = output;
    this.#style = style;
    this.#workflowName = cleanLine(workflow.name);
    this.#labels = nodeLabels(workflow);
  }

  onEvent(event: ExecutionEvent): void {
    if (event.type === "NodeEvent") {
      const label = this.#label(event);
      for (const line of describeNodeEvent(event.event)) {
        this.#output.write(`${label} ${this.#style.dim("|")} ${line}\n`);
      }
      return;
    }
    const text = this.#describe(event);
    if (text !== undefined) this.#output.write(`${this.#style.dim(formatTime(event.timestamp))} ${text}\n`);
  }

  notify(text: string): void {
    this.#output.write(`${text}\n`);
  }

  print(text: string): void {
    this.#output.write(`${text}\n`);
  }

  end(): void {}

  #label({ node_id, index }: NodeSubject): string {
    const label = this.#labels.get(node_id) ?? cleanLine(node_id);
    return index === undefined ? label : `${label}[${index}]`;
  }

  #describe(event: Exclude<ExecutionEvent, { type: "NodeEvent" }>): string | undefined {
    const { bold, red, green, yellow } = this.#style;
    switch (event.type) {
      case "WorkflowStarted":
        return `${bold(this.#workflowName)}  started: execution ${event.execution_id}, ${
          countNodes(event.total_nodes)
        }`;
      case "WorkflowResumed":
        return `${bold(this.#workflowName)}  resumed`;
      case "WorkflowRetrying":
        return `${bold(this.#workflowName)}  ${yellow("retrying")} from the start: ${describeError(event.error)}`;
      case "WorkflowCancelling":
        return `${bold(this.#workflowName)}  ${yellow(describeCancel(event))}: ${cleanLine(event.reason)}`;
      case "NodeStarted":
        return `${this.#label(event)}  started${event.attempt > 1 ? ` (attempt ${event.attempt})` : ""}`;
      case "NodeRetrying":
        return `${this.#label(event)}  ${yellow("retrying")}${describeRetry(event)}`;
      case "NodeExpanded":
        return `${this.#label(event)}  runs for ${event.items.length === 1 ? "1 item" : `${event.items.length} items`}`;
      case "NodeRepeating":
        return `${this.#label(event)}  runs again in ${formatDuration(event.delay_ms)}`;
      case "NodeCompleted":
        return `${this.#label(event)}  ${green("succeeded")} ${describeCompletion(event)}`;
      case "NodeFailed":
        return `${this.#label(event)}  ${this.#describeFailure(event)}`;
      case "NodeSkipped":
        return `${this.#label(event)}  skipped: ${describeSkip(event.because, this.#labels)}`;
      case "WorkflowCompleted": {
        const paint = { succeeded: green, failed: red, cancelled: yellow }[event.status];
        return `${bold(this.#workflowName)}  ${paint(event.status)} in ${formatDuration(event.duration_ms)}`;
      }
      default:
        return undefined;
    }
  }

  #describeFailure({ error, duration_ms }: EventOf<"NodeFailed">): string {
    const { red, yellow } = this.#style;
    const verb = error.code === "cancelled" ? yellow("cancelled") : red("failed");
    return `${verb} after ${formatDuration(duration_ms)}: ${describeError(error)}`;
  }
}

function describeCancel({ because, handler }: EventOf<"WorkflowCancelling">): string {
  if (handler !== undefined) return `cancelling ${handler}`;
  return because === "timeout" ? "out of time" : "cancelling";
}

function describeRetry({ attempt, delay_ms, error }: EventOf<"NodeRetrying">): string {
  if (error.code === "interrupted") return `: ${describeError(error)}`;
  return ` in ${formatDuration(delay_ms)}: attempt ${attempt} failed: ${describeError(error)}`;
}

function describeCompletion(event: EventOf<"NodeCompleted">): string {
  if (event.failed_items !== undefined) return `in ${formatDuration(event.duration_ms)}, ${event.failed_items} failed`;
  if (event.cached) return "from the cache";
  if (event.reused_from !== undefined) return `in execution ${event.reused_from}`;
  return `in ${formatDuration(event.duration_ms)}`;
}

function countNodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}

/** `12:00:01.123`, local time. */
function formatTime(timestamp: string): string {
  const date = new Date(timestamp);
  const pad = (n: number, length = 2) => String(n).padStart(length, "0");
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${
    pad(date.getMilliseconds(), 3)
  }`;
}
