import * as z from "zod";
import type { NodeDefinition, Ports } from "../engine/node.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = { [key: string]: unknown };

/** A node type for programs. */
export interface NodeDescription {
  /** Such as `http.request`. */
  type: string;
  /** Grows when the same config and inputs may give other outputs. */
  version: number;
  /** One line. */
  description: string;
  /** Groups node types in lists. */
  category: string;
  /** What its config may hold. */
  config: JsonSchema;
  /** Schema of the input ports. */
  inputs: JsonSchema;
  /** Schema of the output ports. */
  outputs: JsonSchema;
}

/** What a node type is, and JSON Schemas of what it takes and gives. */
export function describeNodeType(definition: NodeDefinition): NodeDescription {
  const { type, version, summary, category } = definition;
  return {
    type,
    version,
    description: summary,
    category,
    config: toJsonSchema(definition.config),
    inputs: toJsonSchema(portsObject(definition.inputs)),
    outputs: toJsonSchema(portsObject(definition.outputs)),
  };
}

/** The JSON Schema of what may be written for `type`; of what JSON Schema cannot say, anything. */
export function toJsonSchema(type: z.ZodType): JsonSchema {
  return z.toJSONSchema(type, { io: "input", unrepresentable: "any" });
}

function portsObject({ shape, open }: Ports): z.ZodObject {
  return open ? z.looseObject(shape) : z.object(shape);
}
