import type { Clock } from "../../engine/clock.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import type { Workflow } from "../../engine/workflow.ts";
import type { OutputStream } from "../output.ts";
import type { Style } from "../style.ts";
import { describeNodeEvent } from "./describe.ts";
import { ExecutionView } from "./execution_view.ts";
import { drawFinalFrame, drawFrame, type FrameOptions } from "./frame.ts";
import type { Renderer } from "./renderer.ts";
import { type Line, Screen, type TerminalSize } from "./screen.ts";
import { cleanLine } from "./text.ts";

/** About twelve pictures a second: smooth for eyes, cheap for terminals at the end of a slow line. */
const FRAME_MS = 80;

/** What a live tree draws, and where. */
export interface LiveTreeOptions {
  workflow: Workflow;
  output: OutputStream;
  style: Style;
  size: () => TerminalSize;
  clock: Clock;
  /** Every line that a node prints stays on the screen; else only its last ones are shown. */
  verbose: boolean;
}

/** The nodes of an execution on a terminal, drawn in place while it runs; the last picture stays. */
export class LiveTree implements Renderer {
  readonly needsHistory = true;
  readonly #options: LiveTreeOptions;
  readonly #view: ExecutionView;
  readonly #screen: Screen;
  #above: Line[] = [];
  #remark: string | undefined;
  #tick = 0;
  #stopTimer: (() => void) | undefined;
  #hasEnded = false;

  constructor(options: LiveTreeOptions) {
    this.#options = options;
    this.#view = new ExecutionView(options.workflow);
    this.#screen = new Screen(options.output, options.size);
  }

  onEvent(event: ExecutionEvent): void {
    this.#view.apply(event);
    if (event.type === "NodeEvent") this.#keepLines(event);
    if (event.type === "WorkflowStarted") this.#draw();
    else this.#schedule();
  }

  notify(text: string): void {
    if (this.#hasEnded) return this.#options.output.write(`${text}\n`);
    this.#remark = text;
    this.#draw();
  }

  print(text: string): void {
    if (this.#hasEnded) return this.#options.output.write(`${text}\n`);
    for (const line of text.split("\n")) this.#above.push([[cleanLine(line)]]);
    this.#schedule();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopTimer?.();
    this.#screen.close(drawFinalFrame(this.#view, this.#frameOptions()), this.#above);
    this.#above = [];
  }

  #keepLines({ node_id, event }: Extract<ExecutionEvent, { type: "NodeEvent" }>): void {
    const { event_type } = event;
    const isMessage = event_type === "Info" || event_type === "Warning";
    if (!isMessage && !(this.#options.verbose && event_type !== "Progress")) return;
    const { dim, yellow } = this.#options.style;
    for (const line of describeNodeEvent(event)) {
      const text: Line[number] = event_type === "Warning" ? [line, yellow] : [line];
      this.#above.push([[`${this.#view.label(node_id)} | `, dim], text]);
    }
  }

  #schedule(): void {
    if (this.#hasEnded) return;
    this.#stopTimer ??= this.#options.clock.setTimer(FRAME_MS, () => this.#draw());
  }

  #draw(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (this.#hasEnded) return;
    this.#tick++;
    this.#screen.draw(drawFrame(this.#view, this.#frameOptions()), this.#above);
    this.#above = [];
    if (this.#view.active.size > 0) this.#schedule();
  }

  #frameOptions(): FrameOptions {
    const { size, style, clock } = this.#options;
    return { size: size(), style, now: clock.now(), tick: this.#tick, remark: this.#remark };
  }
}
