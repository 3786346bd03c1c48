import type { ExecutionEvent } from "../../engine/events.ts";

/** Shows an execution while it runs. */
export interface Renderer {
  /** Whether it has to see a resumed execution from its first event. */
  readonly needsHistory?: boolean;
  onEvent(event: ExecutionEvent): void;
  /** Says something of the program's own. */
  notify(text: string): void;
  /** Passes on what the user's code has written to the console. */
  print(text: string): void;
  /** Leaves the screen as it should stay; to be called on every way out, more than once does no harm. */
  end(): void;
}

/** Shows nothing of an execution but what has to be said. */
export function createQuietRenderer(write: (text: string) => void): Renderer {
  const writeLine = (text: string) => write(`${text}\n`);
  return { onEvent: () => {}, notify: writeLine, print: writeLine, end: () => {} };
}
