import { FlowError, toFlowError } from "../engine/errors.ts";
import type { Platform } from "../platform/types.ts";

/** Gets an error that nobody handled, as one that says so. */
export type StrayErrorListener = (error: FlowError) => void;

const listeners: StrayErrorListener[] = [];
let stopListening = () => {};

/**
 * Calls `listener`, instead of the one before it, for every error that nobody handles: a promise that a node started and
 * never awaited, or what a timer threw. The answer undoes it. Without a listener the runtime ends the program at once,
 * whatever it has started.
 */
export function handleStrayErrors(platform: Platform, listener: StrayErrorListener): () => void {
  if (listeners.length === 0) stopListening = platform.onStrayError(report);
  listeners.push(listener);
  return () => {
    listeners.splice(listeners.indexOf(listener), 1);
    if (listeners.length === 0) stopListening();
  };
}

function report(thrown: unknown): void {
  const { message } = toFlowError(thrown);
  listeners.at(-1)?.(
    new FlowError("internal", `Nobody handled the error: ${message}`, {
      hint: "If a node of yours threw it, await every promise there, and catch in timers; --debug shows where.",
      cause: thrown,
    }),
  );
}
