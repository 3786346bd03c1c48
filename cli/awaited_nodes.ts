import type { Clock } from "../engine/clock.ts";
import type { ExecutionEvent } from "../engine/events.ts";

/** How long what was cancelled may take to end before somebody could wonder what is going on. */
const WONDER_MS = 2000;

/** Tells which nodes an execution still waits for that was cancelled, or out of time, a while ago. */
export class AwaitedNodes {
  readonly #clock: Clock;
  readonly #onLate: (nodeIds: string[]) => void;
  /** By attempt. */
  readonly #running = new Map<string, string>();
  #stopTimer = () => {};

  constructor(clock: Clock, onLate: (nodeIds: string[]) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  onEvent(event: ExecutionEvent): void {
    switch (event.type) {
      case "NodeStarted":
        this.#running.set(unitOf(event), event.node_id);
        return;
      // From now on the items are what runs.
      case "NodeExpanded":
      case "NodeCompleted":
      case "NodeFailed":
      case "NodeRetrying":
      case "NodeRepeating":
        this.#running.delete(unitOf(event));
        return;
      case "WorkflowCancelling":
        return this.#arm();
    }
  }

  stop(): void {
    this.#stopTimer();
  }

  /** What starts after a cancel, such as handlers, was not cancelled. */
  #arm(): void {
    this.#stopTimer();
    const cancelled = new Set(this.#running.keys());
    this.#stopTimer = this.#clock.setTimer(WONDER_MS, () => {
      const late = [...this.#running].flatMap(([unit, nodeId]) => cancelled.has(unit) ? [nodeId] : []);
      if (late.length > 0) this.#onLate([...new Set(late)]);
    });
  }
}

function unitOf({ node_id, index }: { node_id: string; index?: number }): string {
  return JSON.stringify([node_id, index ?? null]);
}
