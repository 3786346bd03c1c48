import * as z from "zod";
import { abortError } from "../engine/clock.ts";
import { defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import { anyValue, toJsonText } from "./_value.ts";

const config = () => ({ pretty: z.boolean().default(true).describe("Indent by two spaces") });

const inputs = () => ({ value: anyValue().describe("What to write as JSON") });

const outputs = () => ({ json: z.string() });

/** @internal */
type JsonStringifyNode = DefinedNode<typeof config, typeof inputs, typeof outputs>;

/**
 * Turns a value into JSON text; bytes in it become `{"$bytes": "<base64>"}`.
 *
 * ```ts
 * import { jsonStringify, workflow } from "flowengine";
 *
 * workflow("example").add("a", jsonStringify({ pretty: false }), { value: [1, 2] });
 * ```
 */
export const jsonStringify: JsonStringifyNode = defineNode({
  type: "transform.json_stringify",
  version: 1,
  summary: "Turn a value into JSON text",
  category: "transform",
  config,
  inputs,
  outputs,
  run({ config, inputs, signal }) {
    if (signal.aborted) throw abortError(signal);
    return { json: toJsonText(inputs.value, config.pretty ? 2 : undefined) };
  },
});
