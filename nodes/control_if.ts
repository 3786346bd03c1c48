import * as z from "zod";
import { FlowError } from "../engine/errors.ts";
import { defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Value } from "../engine/value.ts";

const anyValue = () => z.custom<Value>((value) => value !== undefined, "a value");

const config = () => ({
  condition: z.boolean().optional().describe("Which way; default: the input of the same name"),
});

const inputs = () => ({
  condition: anyValue().optional().describe("Instead of config.condition: true or false"),
  value: anyValue().optional().describe("What to send on; default: the condition"),
});

const outputs = () => ({
  then: anyValue().describe("The value, if the condition is true"),
  else: anyValue().describe("The value, if the condition is false"),
});

/** @internal */
type ControlIfNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Sends its value one of two ways. What is connected to the other way is skipped.
 *
 * ```ts
 * import { controlIf, workflow } from "flowengine";
 *
 * workflow("example").add("a", controlIf({ condition: "${{ inputs.price > 10 }}" }));
 * ```
 */
export const controlIf: ControlIfNode = defineNode({
  type: "control.if",
  version: 1,
  summary: "Send a value one of two ways",
  category: "control",
  routes: true,
  config,
  inputs,
  outputs,
  run({ config, inputs }) {
    const condition = inputs.condition ?? config.condition;
    if (typeof condition !== "boolean") {
      throw new FlowError("invalid_input", `Condition is ${describe(condition)}, not true or false`, {
        hint: "Put a comparison into config.condition, or connect a port that carries true or false.",
      });
    }
    const value = inputs.value ?? condition;
    return condition ? { then: value } : { else: value };
  },
});

function describe(value: Value | undefined): string {
  return value === undefined ? "missing" : JSON.stringify(value)?.slice(0, 60) ?? "missing";
}
