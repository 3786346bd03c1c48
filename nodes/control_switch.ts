import * as z from "zod";
import { FlowError } from "../engine/errors.ts";
import { anyPorts, defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import { canonicalJson, type Value } from "../engine/value.ts";

const anyValue = () => z.custom<Value>((value) => value !== undefined, "a value");

const config = () => ({
  on: anyValue().optional().describe("What decides; default: the input of the same name"),
  cases: z.record(z.string(), anyValue()).describe("Port by port, the value of `on` that takes it"),
  default: z.string().optional().describe("Port to take when no case fits; without it that is an error"),
});

const inputs = () => ({
  on: anyValue().optional().describe("Instead of config.on"),
  value: anyValue().optional().describe("What to send on; default: the value of `on`"),
});

const outputs = () => anyPorts();

/** @internal */
type ControlSwitchNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Sends its value on the port of the first case that equals `on`. What is connected to other ports is skipped.
 *
 * ```ts
 * import { controlSwitch, workflow } from "flowengine";
 *
 * workflow("example").add("a", controlSwitch({ on: "${{ inputs.color }}", cases: { stop: "red", go: "green" } }));
 * ```
 */
export const controlSwitch: ControlSwitchNode = defineNode({
  type: "control.switch",
  version: 1,
  summary: "Send a value one of several ways",
  category: "control",
  routes: true,
  config,
  inputs,
  outputs,
  run({ config, inputs }) {
    const on = inputs.on ?? config.on ?? null;
    const wanted = canonicalJson(on);
    const taken = Object.entries(config.cases).find(([, value]) => canonicalJson(value) === wanted)?.[0];
    const port = taken ?? config.default;
    if (port === undefined) {
      throw new FlowError("invalid_input", `No case fits ${wanted.slice(0, 60)}`, {
        hint: 'Add a case for it, or a "default" port.',
      });
    }
    return { [port]: inputs.value ?? on };
  },
});
