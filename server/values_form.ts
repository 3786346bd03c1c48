import { encodeDocument } from "../engine/encode_document.ts";
import { encodeTaggedValues, type Json, toWire, type Values } from "../engine/value.ts";
import type { Workflow } from "../engine/workflow.ts";

/** The form that values have in an answer. */
export type ValuesForm = "plain" | "tagged";

/** Named values as a client wants them. */
export function encodeValues(values: Values, form: ValuesForm): Json {
  return form === "tagged" ? encodeTaggedValues(values) as unknown as Json : toWire(values);
}

/** A document as a client wants it; tagged is only what stands in the config of its nodes. */
export function encodeWorkflow(workflow: Workflow, form: ValuesForm): Json {
  if (form === "plain") return encodeDocument(workflow);
  const document = encodeDocument(workflow) as { nodes: { [key: string]: Json }[] } & { [key: string]: Json };
  const configs = workflow.nodes.map(({ config }) => encodeValues(config, form));
  return { ...document, nodes: document.nodes.map((node, index) => ({ ...node, config: configs[index] ?? {} })) };
}
