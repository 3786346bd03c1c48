import type { NodeEventBody } from "./events.ts";

/** How many bytes of log lines and other talk an execution keeps of one attempt of a node. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Keeps one attempt's talk within {@link MAX_LOG_BYTES}, so that the journal and all who read it stay bounded. */
export class LogBudget {
  #left = MAX_LOG_BYTES;

  /** The event itself, once a notice instead of it, and then nothing. */
  admit(event: NodeEventBody): NodeEventBody | undefined {
    if (this.#left < 0) return undefined;
    this.#left -= sizeOf(event);
    if (this.#left >= 0) return event;
    return {
      event_type: "Warning",
      message:
        `Log truncated: this attempt has put out more than ${MAX_LOG_BYTES} bytes of events; the rest is dropped`,
    };
  }
}

/** What an event weighs, roughly: exact for lines, which are what comes in floods. */
function sizeOf(event: NodeEventBody): number {
  if (event.event_type === "StdoutLine" || event.event_type === "StderrLine") return event.line.length + 64;
  return JSON.stringify(event).length + 64;
}
