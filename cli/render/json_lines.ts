import type { ExecutionEvent } from "../../engine/events.ts";
import { toWire } from "../../engine/wire.ts";
import type { OutputStream } from "../output.ts";
import type { Renderer } from "./renderer.ts";

/** One event per line, as it goes over the wire. */
export function createJsonLinesRenderer(out: OutputStream, err: OutputStream): Renderer {
  const talk = (text: string) => err.write(`${text}\n`);
  return {
    onEvent: (event) => out.write(`${stringifyEvent(event)}\n`),
    notify: talk,
    print: talk,
    end: () => {},
  };
}

function stringifyEvent(event: ExecutionEvent): string {
  if (event.type === "NodeCompleted") return JSON.stringify({ ...event, outputs: toWire(event.outputs) });
  if (event.type === "NodeEvent" && event.event.event_type === "Data") {
    return JSON.stringify({ ...event, event: { ...event.event, value: toWire(event.event.value) } });
  }
  return JSON.stringify(event);
}
