import type { NodeEventBody } from "./events.ts";
import type { Value } from "./value.ts";

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

/** What an event weighs in bytes, roughly. */
function sizeOf(event: NodeEventBody): number {
  switch (event.event_type) {
    case "StdoutLine":
    case "StderrLine":
      return event.line.length + 64;
    case "Data":
      return sizeOfValue(event.value) + 64;
    default:
      return (event.message?.length ?? 0) + 64;
  }
}

// Not by way of JSON, which makes a hundred megabytes of text of ten megabytes of bytes.
function sizeOfValue(value: Value): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (Array.isArray(value)) return value.reduce<number>((size, item) => size + sizeOfValue(item), 8);
  return Object.entries(value).reduce((size, [name, part]) => size + name.length + sizeOfValue(part), 8);
}
