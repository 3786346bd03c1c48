import type { ExecutionEvent } from "../../engine/events.ts";
import { isSkipByChoice, type NodeSubject } from "../../engine/events.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { formatDuration } from "../duration.ts";
import type { OutputStream } from "../output.ts";
import { describeError, describeNodeEvent, describeSkip } from "../render/describe.ts";
import { nodeLabels } from "../render/labels.ts";
import type { Renderer } from "../render/renderer.ts";
import { formatSymbol, type ShownStatus } from "../render/status.ts";
import { cleanLine } from "../render/text.ts";
import type { Style } from "../style.ts";

/** One line for what has run; what was reused has been told before. */
export class CompactLines implements Renderer {
  readonly #output: OutputStream;
  readonly #style: Style;
  readonly #labels: ReadonlyMap<string, string>;

  constructor(output: OutputStream, style: Style, workflow: Workflow) {
    this.#output = output;
    this.#style = style;
    this.#labels = nodeLabels(workflow);
  }

  onEvent(event: ExecutionEvent): void {
    switch (event.type) {
      case "NodeCompleted":
        if (event.reused_from !== undefined) return;
        return this.#line("succeeded", event, event.cached ? "cached" : formatDuration(event.duration_ms));
      case "NodeFailed":
        return this.#line(
          event.error.code === "cancelled" ? "cancelled" : "failed",
          event,
          describeError(event.error),
        );
      case "NodeRetrying":
        return this.#line(
          "retrying",
          event,
          `${describeError(event.error)}, again in ${formatDuration(event.delay_ms)}`,
        );
      case "NodeSkipped":
        if (event.because.reason === "not_selected") return;
        return this.#line(
          "skipped",
          event,
          `${isSkipByChoice(event.because) ? "" : "skipped: "}${describeSkip(event.because, this.#labels)}`,
        );
      case "NodeEvent":
        for (const line of describeNodeEvent(event.event)) {
          this.print(`    ${this.#label(event)} ${this.#style.dim("|")} ${line}`);
        }
        return;
      case "WorkflowRetrying":
        return this.print(this.#style.yellow(`  all of it again, for the ${event.attempt}. time`));
    }
  }

  notify(text: string): void {
    this.print(text);
  }

  print(text: string): void {
    this.#output.write(`${text}\n`);
  }

  end(): void {}

  #line(status: ShownStatus, subject: NodeSubject, text: string): void {
    const { text: symbol, paint = (same: string) => same } = formatSymbol(status, this.#style);
    this.print(`  ${paint(symbol)} ${this.#label(subject)}  ${this.#style.dim(cleanLine(text))}`);
  }

  #label({ node_id, index }: NodeSubject): string {
    const label = this.#labels.get(node_id) ?? cleanLine(node_id);
    return index === undefined ? label : `${label}[${index}]`;
  }
}
