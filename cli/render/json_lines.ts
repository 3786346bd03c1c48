import { stringifyEvent } from "../../engine/event_text.ts";
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
