import * as z from "zod";
import type { NodeDefinition, Shape } from "../../engine/node.ts";
import { toJsonSchema } from "../../server/node_description.ts";
import type { Style } from "../style.ts";
import { measureWidth, padTo, truncate } from "./text.ts";

/** The parts of a JSON Schema that people are told about. */
interface PropertySchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: PropertySchema[];
  items?: PropertySchema;
  additionalProperties?: PropertySchema | boolean;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

interface ObjectSchema {
  properties?: Record<string, PropertySchema>;
  required?: string[];
}

/** All node types, one per line. */
export function formatNodeTable(definitions: readonly NodeDefinition[], style: Style, columns: number): string {
  const widest = definitions.reduce((most, { type }) => Math.max(most, type.length), 0);
  const lines = definitions.map(({ type, summary }) =>
    `${style.bold(padTo(type, widest))}  ${truncate(summary, columns - widest - 3)}`
  );
  return `${lines.join("\n")}\n\n${style.dim('Run "flow nodes TYPE" to see what one takes and gives.')}\n`;
}

/** A node type for people. */
export function formatNodeType(definition: NodeDefinition, style: Style, columns: number): string {
  const { type, version, summary, config, inputs, outputs } = definition;
  const sections = [
    formatSection("Config", config.shape, style, columns),
    formatSection("Inputs", inputs.shape, style, columns, inputs.open),
    formatSection("Outputs", outputs.shape, style, columns, outputs.open),
  ];
  return `${style.bold(type)} ${style.dim(`version ${version}`)}\n${summary}\n\n${sections.join("\n")}`;
}

function formatSection(title: string, shape: Shape, style: Style, columns: number, isOpen = false): string {
  const schema = toJsonSchema(z.object(shape)) as ObjectSchema;
  const required = title === "Outputs" ? [] : schema.required ?? [];
  const entries = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const facts = [describeType(property), ...describeFacts(property, required.includes(name))];
    const text = wrap(property.description ?? "", Math.min(columns, MAX_TEXT_COLUMNS) - INDENT.length);
    return [`  ${style.cyan(name)}  ${facts.join(", ")}`, ...text.map((line) => INDENT + style.dim(line))].join("\n");
  });
  if (isOpen) entries.push(`  ${style.dim(entries.length === 0 ? "any names" : "and any other name")}`);
  return `${style.bold(title)}\n${entries.length === 0 ? `  ${style.dim("none")}` : entries.join("\n")}\n`;
}

const MAX_TEXT_COLUMNS = 100;
const INDENT = "      ";

function describeFacts({ default: preset }: PropertySchema, isRequired: boolean): string[] {
  if (isRequired) return ["required"];
  return preset === undefined ? [] : [`default ${JSON.stringify(preset)}`];
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && measureWidth(line) + 1 + measureWidth(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

function describeType(schema: PropertySchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(describeType))].join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  switch (schema.type) {
    case "array":
      return schema.items === undefined ? "list" : `list of ${describeType(schema.items)}`;
    case "object":
      return typeof schema.additionalProperties === "object" && schema.additionalProperties.type !== undefined
        ? `map of ${describeType(schema.additionalProperties)}`
        : "object";
    case "string":
      return "text";
    case "integer":
    case "number":
      return `${schema.type}${describeRange(schema)}`;
    default:
      return schema.type ?? "any";
  }
}

function describeRange({ minimum, maximum, exclusiveMinimum }: PropertySchema): string {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER) {
    return isBounded ? ` ${minimum}..${maximum}` : ` >= ${minimum}`;
  }
  if (exclusiveMinimum !== undefined) {
    return isBounded ? ` > ${exclusiveMinimum}, <= ${maximum}` : ` > ${exclusiveMinimum}`;
  }
  return isBounded ? ` <= ${maximum}` : "";
}
