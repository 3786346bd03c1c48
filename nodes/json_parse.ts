import { abortError } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import { readJson } from "../engine/json_source.ts";
import { defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";
import type { Value } from "../engine/value.ts";
import { anyValue } from "./_value.ts";

const inputs = () => ({ json: anyValue().describe("JSON as text or bytes; any other value is passed on") });

const outputs = () => ({ parsed: anyValue() });

/** @internal */
type JsonParseNode = DefinedNode<Record<never, never>, typeof inputs, typeof outputs>;

/**
 * Turns JSON text (or its bytes) into a value; what is structured already passes through.
 *
 * ```ts
 * import { jsonParse, workflow } from "flowengine";
 *
 * workflow("example").add("a", jsonParse(), { json: '[1, 2]' });
 * ```
 */
export const jsonParse: JsonParseNode = defineNode({
  type: "transform.json_parse",
  version: 1,
  summary: "Turn JSON text into a value",
  category: "transform",
  config: {},
  inputs,
  outputs,
  run({ inputs, signal }) {
    if (signal.aborted) throw abortError(signal);
    const { json } = inputs;
    if (typeof json !== "string" && !(json instanceof Uint8Array)) return { parsed: json };
    return { parsed: parseJson(typeof json === "string" ? json.replace(/^\uFEFF/, "") : decode(json)) };
  },
});

function parseJson(text: string): Value {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (text.trim() === "") throw jsonError("the text is empty", cause);
    throw jsonError(describeFault(text, cause), cause);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw jsonError("the bytes are not UTF-8", cause);
  }
}

function jsonError(state: string, cause: unknown): FlowError {
  const hint = "Check what the node before it answers.";
  return new FlowError("invalid_input", `Cannot parse json: ${state}`, { hint, retryable: false, cause });
}

/** A word that is no JSON may be a part of a secret, which nobody would recognize. */
const LONG_WORD = /(found "[^"]{3})[^"]+(?=")/;

/** What is wrong and where, as line:column. */
function describeFault(text: string, cause: unknown): string {
  const issue = readJson(text).issues.find((issue) => issue.severity === "error" && issue.line !== undefined);
  if (issue !== undefined) {
    const message = issue.message.replace(/^Cannot read the JSON: /, "").replace(LONG_WORD, "$1…");
    return `${message}, at line ${issue.line}:${issue.column}`;
  }
  // The reader of documents allows comments and trailing commas; for those JSON.parse itself tells the place.
  const message = cause instanceof Error ? cause.message : "it is not JSON";
  return message.replace(/(?: in JSON)? at position \d+ \(line (\d+) column (\d+)\)$/, ", at line $1:$2");
}
