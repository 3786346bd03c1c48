import * as z from "zod";
import { HANDLERS } from "./events.ts";
import type { NodeDefinition } from "./node.ts";
import type { NodeRegistry } from "./registry.ts";
import * as schemas from "./workflow_schema.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = { [key: string]: unknown };

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/**
 * The JSON Schema (2020-12) of workflow documents, for editors: keys, types and descriptions, with the config of each
 * node type. Config values may be plain or tagged.
 */
export function workflowJsonSchema(registry: NodeRegistry): JsonSchema {
  const definitions = registry.list();
  const root = closedSchema(schemas.workflowSchema());
  const { $schema: _, ...rest } = root;
  const configs = definitions.map((definition) => configSchema(definition));
  return {
    $schema: DIALECT,
    title: "Workflow",
    ...rest,
    properties: {
      $schema: { type: "string" },
      ...(root.properties as JsonSchema),
      nodes: { type: "array", items: ref("node") },
      connections: { type: ["array", "null"], items: ref("connection") },
      triggers: { type: ["array", "null"], items: ref("trigger") },
      settings: { anyOf: [ref("settings"), { type: "null" }] },
    },
    $defs: {
      node: nodeSchema(definitions),
      connection: withoutDialect(closedSchema(schemas.connectionSchema())),
      trigger: withoutDialect(closedSchema(schemas.triggerSchema())),
      settings: handlersOfNodes(withoutDialect(closedSchema(schemas.settingsSchema()))),
      tagged: TAGGED,
      expression: EXPRESSION,
      ...Object.assign({}, ...configs),
    },
  };
}

/** Settings whose handlers are lists of nodes. */
function handlersOfNodes(settings: JsonSchema): JsonSchema {
  const properties = { ...settings.properties as JsonSchema };
  for (const name of HANDLERS) {
    const { description } = properties[name] as JsonSchema;
    properties[name] = { description, type: ["array", "null"], items: ref("node") };
  }
  return { ...settings, properties };
}

/** `{"type": "Number", "value": 21}`, as flowengine writes it. */
const TAGGED: JsonSchema = {
  description: "A value with its type",
  type: "object",
  properties: {
    type: { enum: ["Null", "Bool", "Number", "String", "Bytes", "Json", "Array", "Object"] },
    value: {},
  },
  required: ["type", "value"],
  additionalProperties: false,
};

/** What it yields is checked when it is known. */
const EXPRESSION: JsonSchema = { description: "Text with an expression in it", type: "string", pattern: "\\$\\{\\{" };

function nodeSchema(definitions: readonly NodeDefinition[]): JsonSchema {
  const { $schema: _, ...node } = closedSchema(schemas.nodeSchema());
  const properties = node.properties as JsonSchema;
  return {
    ...node,
    properties: {
      ...properties,
      node_type: nodeTypeSchema(definitions),
      config: { type: ["object", "null"], description: "What the node type takes" },
    },
    ...(definitions.length === 0 ? {} : { allOf: definitions.map(configRule) }),
  };
}

function nodeTypeSchema(definitions: readonly NodeDefinition[]): JsonSchema {
  const description = "What the node does";
  if (definitions.length === 0) return { type: "string", description };
  return { description, anyOf: definitions.map(({ type, summary }) => ({ const: type, description: summary })) };
}

function configRule(definition: NodeDefinition): JsonSchema {
  return {
    if: { properties: { node_type: { const: definition.type } }, required: ["node_type"] },
    then: { properties: { config: ref(configName(definition)) }, ...requiredConfig(definition) },
  };
}

function requiredConfig(definition: NodeDefinition): JsonSchema {
  const needsConfig = !definition.config.safeParse({}).success;
  return needsConfig ? { required: ["config"] } : {};
}

/** The definition of a node type's config, and those that it refers to, under names of their own. */
function configSchema(definition: NodeDefinition): JsonSchema {
  const name = configName(definition);
  const { $schema: _, $defs, ...config } = toJsonSchema(definition.config);
  const renamed = (schema: unknown) => renameRefs(schema, name);
  const parts = Object.entries(($defs ?? {}) as JsonSchema).map(([part, schema]) => [
    `${name}.${part}`,
    allowTagged(renamed(schema)),
  ]);
  const properties = mapValues(renamed(config.properties ?? {}) as JsonSchema, allowTagged);
  const isNullable = definition.config.safeParse({}).success;
  return {
    [name]: {
      description: definition.summary,
      ...config,
      properties,
      type: isNullable ? ["object", "null"] : "object",
    },
    ...Object.fromEntries(parts),
  };
}

function configName(definition: NodeDefinition): string {
  return `config.${definition.type}`;
}

function renameRefs(schema: unknown, name: string): unknown {
  if (Array.isArray(schema)) return schema.map((part) => renameRefs(part, name));
  if (typeof schema !== "object" || schema === null) return schema;
  return mapValues(schema as JsonSchema, (part, key) => {
    if (key !== "$ref" || typeof part !== "string") return renameRefs(part, name);
    return part === "#" ? `#/$defs/${name}` : part.replace("#/$defs/", `#/$defs/${name}.`);
  });
}

/** Lets `schema` be tagged instead, or an expression, at every level. */
function allowTagged(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  const { description, default: preset, ...rest } = schema as JsonSchema;
  const outer: JsonSchema = { anyOf: [allowTaggedParts(rest), ref("tagged"), ref("expression")] };
  if (description !== undefined) outer.description = description;
  if (preset !== undefined) outer.default = preset;
  return outer;
}

function allowTaggedParts(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = { ...schema as JsonSchema };
  if ("properties" in inner) inner.properties = mapValues(inner.properties as JsonSchema, allowTagged);
  for (const key of ["items", "additionalProperties"]) if (key in inner) inner[key] = allowTagged(inner[key]);
  if (Array.isArray(inner.prefixItems)) inner.prefixItems = inner.prefixItems.map(allowTagged);
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const branches = inner[key];
    if (Array.isArray(branches)) inner[key] = branches.map(allowTaggedParts);
  }
  return inner;
}

/** Objects let no unknown keys in, but for `x-...`. */
function closedSchema(schema: z.ZodType): JsonSchema {
  return toJsonSchema(schema, ({ jsonSchema }) => {
    if (jsonSchema.type !== "object" || jsonSchema.properties === undefined) return;
    jsonSchema.additionalProperties = false;
    jsonSchema.patternProperties = { "^x-": {} };
  });
}

type Override = (context: { jsonSchema: z.core.JSONSchema.BaseSchema }) => void;

function toJsonSchema(schema: z.ZodType, override: Override = () => {}): JsonSchema {
  return { ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any", override }) };
}

function withoutDialect({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

function ref(name: string): JsonSchema {
  return { $ref: `#/$defs/${name}` };
}

function mapValues(object: JsonSchema, map: (value: unknown, key: string) => unknown): JsonSchema {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
