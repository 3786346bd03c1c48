import { type JsonSchema, workflowJsonSchema } from "../engine/schema.ts";
import type { ServerApp } from "./env.ts";
import type { ServerPorts } from "./ports.ts";

/** An OpenAPI document. */
export type OpenApiDocument = ReturnType<ServerApp["getOpenAPI31Document"]>;

/** Schemas by name. */
type Schemas = NonNullable<NonNullable<OpenApiDocument["components"]>["schemas"]>;

const DESCRIPTION = `Workflows of commands, HTTP calls, containers and code, run over HTTP.

Errors are answered as \`{"error", "code", "hint"}\`, those of an invalid workflow with all its \`issues\`.
Every answer has an \`X-Request-Id\`. If the server has tokens, requests need \`Authorization: Bearer <token>\`:
a viewer may read, an operator also save and run workflows, an admin also read the audit log.`;

/** The OpenAPI 3.1 document of all routes of an app. */
export function describeApi(app: ServerApp, { version, engine, basePath }: ServerPorts): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Flow Engine", version, description: DESCRIPTION, license: LICENSE },
    servers: [{ url: basePath || "/" }],
    security: [{ bearer: [] }, {}],
  });
  const schemas = { ...document.components?.schemas, ...workflowSchemas(workflowJsonSchema(engine.registry)) };
  const securitySchemes = { bearer: { type: "http" as const, scheme: "bearer" } };
  return { ...document, components: { ...document.components, schemas, securitySchemes } };
}

const LICENSE = { name: "MIT OR Apache-2.0", identifier: "MIT OR Apache-2.0" };

/** The schema of documents, with its parts as components beside it: in OpenAPI references begin at the whole document. */
function workflowSchemas(schema: JsonSchema): Schemas {
  const moved = JSON.parse(JSON.stringify(schema), (key, value) => {
    if (key !== "$ref" || typeof value !== "string") return value;
    return value.replace(/^#\/\$defs\/(.*)$/, (_, name: string) => `#/components/schemas/${partName(name)}`);
  });
  const { $defs, $schema: _, ...workflow } = moved as { $defs: Schemas; $schema: string };
  const parts = Object.entries($defs).map(([name, part]) => [partName(name), part]);
  return { Workflow: workflow, ...Object.fromEntries(parts) };
}

/** A component's name may have only letters, digits, dots, dashes and underscores. */
function partName(name: string): string {
  return `Workflow.${decodeURIComponent(name).replaceAll(/[^A-Za-z0-9._-]/g, "_")}`;
}
