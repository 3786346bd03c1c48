import type { OpenApiDocument } from "../server/openapi.ts";
import { formatMarkdownTable } from "./markdown_table.ts";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly details: OperationDetails;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

interface OperationDetails {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: Schema;
  }[];
  readonly requestBody?: { content?: Readonly<Record<string, { schema?: Schema }>> };
  readonly responses?: Readonly<
    Record<string, { description?: string; content?: Readonly<Record<string, { schema?: Schema }>> }>
  >;
}

/** `docs/http_api.md`: every route as `/openapi.json` describes it. */
export function formatApiReference(document: OpenApiDocument): string {
  const operations = listOperations(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const contents = tags.map((tag) => `- [${tag}](#${toAnchor(tag)})`).join("\n");
  const parts = tags.map((tag) =>
    `## ${tag}\n\n${operations.filter((it) => it.tag === tag).map(formatOperation).join("\n")}`
  );
  return `<!-- Made by \`deno task docs\` from /openapi.json; changes are made in server/routes. -->

# Reference of the HTTP API

Every route of [\`flow serve\`](server.md), as \`/openapi.json\` describes it for programs and \`/api-docs\` for people.
${(document.info.description ?? "").split("\n").slice(1).join("\n")}

${contents}
- [Schemas](#schemas)

${parts.join("\n")}
## Schemas

${formatSchemas(document)}`;
}

function listOperations({ paths }: OpenApiDocument): Operation[] {
  return Object.entries(paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, OperationDetails>).map(([method, details]) => ({
      method: method.toUpperCase(),
      path,
      tag: details.tags?.[0] ?? "Other",
      details,
    }))
  );
}

function formatOperation({ method, path, details }: Operation): string {
  const { summary = "", description = "", parameters = [], requestBody, responses = {} } = details;
  const bodies = Object.entries(requestBody?.content ?? {});
  const rows = [
    ...parameters.map((it) => [`\`${it.name}\``, placeOf(it), typeOf(it.schema), toCell(it.description ?? "")]),
    ...bodies.flatMap(([type, { schema }]) => formatBody(type, schema)),
  ];
  const answers = Object.entries(responses).map(([status, { description: meaning = "", content = {} }]) => {
    const types = Object.entries(content).map(([type, { schema }]) => `${typeOf(schema)} as \`${type}\``);
    return [status, types.join(", ") || "–", toCell(meaning)];
  });
  const texts = [
    `### ${method} ${path}`,
    [summary, description].filter((text) => text !== "").map(toSentence).join(" "),
    ...(rows.length === 0 ? [] : [formatMarkdownTable(["takes", "where", "type", "meaning"], rows)]),
    formatMarkdownTable(["answer", "body", "meaning"], answers),
  ];
  return `${texts.join("\n\n")}\n`;
}

function placeOf(parameter: { in: string; required?: boolean }): string {
  return parameter.required === true ? `${parameter.in}, required` : parameter.in;
}

/** The keys of a body, or the body as a whole where it has a schema of its own. */
function formatBody(type: string, schema: Schema | undefined): string[][] {
  const properties = Object.entries(schema?.properties ?? {});
  if (properties.length === 0) return [["the body", `\`${type}\``, typeOf(schema), toCell(schema?.description ?? "")]];
  return properties.map(([name, property]) => {
    const place = schema?.required?.includes(name) ? "body, required" : "body";
    return [`\`${name}\``, place, typeOf(property), toCell(property.description ?? "")];
  });
}

function formatSchemas({ components }: OpenApiDocument): string {
  // Those of documents are described for people in workflows.md, and node by node in nodes.md.
  const own = Object.entries(components?.schemas ?? {}).filter(([name]) => !isDocumentPart(name));
  const parts = own.map(([name, schema]) => `### ${name}\n\n${formatSchema(schema as Schema)}\n`);
  return `The schema of workflow documents is what \`flow schema\` prints; [workflows](workflows.md) explains it.

${parts.join("\n")}`;
}

function formatSchema(schema: Schema): string {
  const text = schema.description === undefined ? [] : [toSentence(schema.description)];
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return [...text, `Type: ${typeOf(schema)}`].join("\n\n");
  const rows = properties.map(([name, property]) => [
    `\`${name}\``,
    typeOf(property),
    schema.required?.includes(name) ? "yes" : "",
    toCell(property.description ?? ""),
  ]);
  return [...text, formatMarkdownTable(["field", "type", "always", "meaning"], rows)].join("\n\n");
}

function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return "any";
  const { $ref, const: constant, enum: values, anyOf, oneOf, type, items, format } = schema;
  if ($ref !== undefined) return linkTo($ref.split("/").at(-1) ?? "");
  if (constant !== undefined) return `\`${JSON.stringify(constant)}\``;
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(", ");
  const variants = anyOf ?? oneOf;
  if (variants !== undefined) return variants.map(typeOf).join(" or ");
  if (type === "array") return `list of ${typeOf(items)}`;
  const usual = schema.default === undefined ? "" : `, default \`${JSON.stringify(schema.default)}\``;
  return (type === undefined ? "any" : [type].flat().join(" or ")) + (format === undefined ? "" : ` (${format})`) +
    usual;
}

function isDocumentPart(name: string): boolean {
  return /^Workflow(\.|$)/.test(name);
}

function linkTo(name: string): string {
  return isDocumentPart(name) ? `[${name}](workflows.md)` : `[${name}](#${toAnchor(name)})`;
}

function toSentence(text: string): string {
  return /[.:!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}

function toCell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "\\<");
}

/** As GitHub makes anchors of headings. */
function toAnchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
}
