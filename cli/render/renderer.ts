import type { ExecutionEvent } from "../../engine/events.ts";

/** Shows an execution while it runs. */
export interface Renderer {
  /** Whether it has to see a resumed execution from its first event. */
  readonly needsHistory?: boolean;
  onEvent(event: ExecutionEvent): void;
  /** Says something of the program's own. */
  notify(text: string): void;
  /** Leaves the screen as it should stay; to be called on every way out, more than once does no harm. */
  end(): void;
}

/** Shows nothing of an execution but what has to be said. */
export function createQuietRenderer(write: (text: string) => void): Renderer {
  return { onEvent: () => {}, notify: (text) => write(`${text}\n`), end: () => {} };
}
