import { FlowError } from "../../engine/errors.ts";
import type { Values } from "../../engine/value.ts";
import type { CommandOutput } from "../_command_output.ts";
import { checkEnd } from "../_exit_check.ts";
import type { DockerRunContext } from "../docker_run.ts";
import { checkCommand, memoryError } from "./failures.ts";

/** How a container has ended. */
export interface ContainerEnd {
  code: number;
  output: CommandOutput;
  /** Whether the system has killed one of its processes for want of memory. */
  isOutOfMemory: boolean;
}

/**
 * Turns the end of a container into outputs.
 *
 * @throws {FlowError} if it has failed, unless `fail_on_error` is off; `invalid_output` if stdout is not what it has to be
 */
export function toOutputs({ config, log }: DockerRunContext, { code, output, isOutOfMemory }: ContainerEnd): Values {
  const { image, fail_on_error, memory_limit, output_mode } = config;
  const stderr = output.stderr.text();
  checkCommand(image, code, stderr);
  if (isOutOfMemory) {
    const error = memoryError(image, code, memory_limit);
    if (fail_on_error) throw error;
    log(error.message, "warning");
  }
  if (fail_on_error) checkEnd(`Container of "${image}"`, { code, signal: null }, stderr);
  const outputs = output.toOutputs(code);
  if (output_mode === "text") return { ...outputs, output: outputs["stdout"] ?? "" };
  if (output_mode === "json" && code === 0) checkIsJson(image, output, outputs);
  return outputs;
}

function checkIsJson(image: string, { stdout }: CommandOutput, outputs: Values): void {
  const text = outputs["stdout"];
  if (typeof text !== "string") return;
  if (!stdout.isTruncated && (outputs["output"] !== text || isJson(text))) return;
  const state = stdout.isTruncated ? "stdout is longer than max_output_bytes" : "stdout is not JSON";
  throw new FlowError("invalid_output", `Container of "${image}" with output_mode "json": ${state}`, {
    hint: "Write nothing but JSON to stdout, or set output_mode to auto.",
  });
}

/** JSON whose value is its text: a number that no double can hold. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
