import type { ExecutionEvent } from "./events.ts";
import { parseValue, stringifyValue, type Value } from "./value.ts";

/** An event as JSON text, on one line; bytes in their wire form. */
export function stringifyEvent(event: ExecutionEvent): string {
  return mayHoldBytes(event) ? stringifyValue(event as unknown as Value) : JSON.stringify(event);
}

/**
 * Reads what {@link stringifyEvent} wrote.
 *
 * @throws {FlowError} `invalid_input` if it is no JSON, or if its bytes are damaged
 */
export function parseEvent(text: string): ExecutionEvent {
  return parseValue(text) as unknown as ExecutionEvent;
}

/** Lines are most of all events, and looking through all of an event costs more than writing it. */
function mayHoldBytes(event: ExecutionEvent): boolean {
  return event.type !== "NodeEvent" || event.event.event_type === "Data";
}
