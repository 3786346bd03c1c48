import type { Platform, Signal } from "../platform/types.ts";

const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** What to do when somebody wants the program to end. */
export interface InterruptHandlers {
  first(signal: Signal): void;
  /** Somebody is in a hurry: every further signal. */
  again(signal: Signal): void;
}

/** Takes over Ctrl-C and its kin until the answer is called. */
export function watchInterrupts(platform: Platform, handlers: InterruptHandlers): () => void {
  let count = 0;
  const stops = SIGNALS.map((signal) =>
    platform.onSignal(signal, () => ++count === 1 ? handlers.first(signal) : handlers.again(signal))
  );
  return () => stops.forEach((stop) => stop());
}
