import { FlowError } from "../../engine/errors.ts";
import { encodeTaggedValues } from "../../engine/value.ts";
import { toBytes, toJsonText } from "../_value.ts";
import type { DockerRunContext } from "../docker_run.ts";

/**
 * What a container gets on stdin; undefined for none.
 *
 * @throws {FlowError} `invalid_input` if the mode needs another input `data`
 */
export function toContainerInput({ config, inputs }: DockerRunContext): Uint8Array | undefined {
  const { stdin_mode, io_mode, detached } = config;
  if (stdin_mode === "none" || detached) return undefined;
  if (stdin_mode === "json") {
    return toBytes(io_mode === "wrapped" ? JSON.stringify(encodeTaggedValues(inputs)) : toJsonText(inputs));
  }
  const { data } = inputs;
  if (data === undefined) throw badData(stdin_mode, "no value", 'Connect a port to "data", or set stdin_mode to json.');
  if (typeof data === "string" || (stdin_mode === "raw" && data instanceof Uint8Array)) return toBytes(data);
  const wanted = stdin_mode === "raw" ? "text or bytes" : "text";
  throw badData(stdin_mode, `expected ${wanted}`, "Connect such a value, or set stdin_mode to json.");
}

function badData(mode: string, state: string, hint: string): FlowError {
  return new FlowError("invalid_input", `Input "data" with stdin_mode "${mode}": ${state}`, { hint, retryable: false });
}
