import * as z from "zod";
import { abortError } from "../engine/clock.ts";
import { anyPorts, defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Value } from "../engine/value.ts";
import { anyValue, toJsonText } from "./_value.ts";

const LONGEST_TEXT = 2000;

const config = () => ({
  level: z.enum(["trace", "debug", "info", "warn", "warning", "error"]).default("info").describe(
    "How serious it is; warn, warning and error become Warning events, all others Info events",
  ),
});

const inputs = () => anyPorts({ message: anyValue().optional().describe("What to log, and to pass on") });

const outputs = () => ({ message: anyValue() });

/** @internal */
type DebugLogNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Logs its message, then every other input as `port: value`, and passes the message on.
 *
 * ```ts
 * import { debugLog, workflow } from "flowengine";
 *
 * workflow("example").add("a", debugLog({ level: "warning" }), { message: "hello" });
 * ```
 */
export const debugLog: DebugLogNode = defineNode({
  type: "debug.log",
  version: 1,
  summary: "Log the inputs",
  category: "debug",
  config,
  inputs,
  outputs,
  run(ctx) {
    if (ctx.signal.aborted) throw abortError(ctx.signal);
    const level = ["warn", "warning", "error"].includes(ctx.config.level) ? "warning" : "info";
    const { message, ...others } = ctx.inputs;
    if (message !== undefined) ctx.log(describe(message), level);
    for (const [port, value] of Object.entries(others)) ctx.log(`${port}: ${describe(value)}`, level);
    return message === undefined ? {} : { message };
  },
});

function describe(value: Value): string {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  const text = typeof value === "string" ? value : toJsonText(value);
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}… [${text.length - LONGEST_TEXT} more characters]`;
}
