import type { OpenApiDocument } from "./openapi.ts";

/**
 * The API reference as one page without scripts: it needs no network, nothing can be injected into it, and it adds
 * nothing to the program but this file. The viewers that there are come as 1 to 4 MB of script.
 */
export function renderApiPage(document: OpenApiDocument): string {
  const operations = listOperations(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = operations.filter((it) => it.tag === tag).map(renderOperation).join("");
    return `<h2 id="${slug(tag)}">${escape(tag)}</h2>${own}`;
  });
  const links = tags.map((tag) => `<a href="#${slug(tag)}">${escape(tag)}</a>`).join("");
  const { title, version, description } = document.info;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)} API</title><style>${STYLE}</style></head><body>
<header><h1>${escape(title)} API <small>${escape(version)}</small></h1>
<nav>${links}<a href="#schemas">Schemas</a><a href="openapi.json">openapi.json</a></nav></header>
<main><p class="about">${renderText(description ?? "")}</p>
${sections.join("\n")}
<h2 id="schemas">Schemas</h2>${renderSchemas(document)}
</main></body></html>
`;
}

interface Operation {
  method: string;
  path: string;
  tag: string;
  operation: OperationObject;
}

/** The parts of an operation that are shown. */
interface OperationObject {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: object }[];
  requestBody?: { content?: Record<string, { schema?: object }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
}

function listOperations({ paths }: OpenApiDocument): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(paths ?? {})) {
    for (const [method, operation] of Object.entries(methods as Record<string, OperationObject>)) {
      found.push({ method: method.toUpperCase(), path, tag: operation.tags?.[0] ?? "Other", operation });
    }
  }
  return found;
}

function renderOperation({ method, path, operation }: Operation): string {
  const { summary = "", description = "", operationId = "", parameters = [], requestBody, responses = {} } = operation;
  const body = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => renderSchema(type, schema));
  const answers = Object.entries(responses).map(([status, answer]) => {
    const schemas = Object.entries(answer.content ?? {}).map(([type, { schema }]) => renderSchema(type, schema));
    return `<tr><td>${escape(status)}<td>${escape(answer.description ?? "")}${schemas.join("")}`;
  });
  return `<details id="${escape(operationId)}"><summary><b class="${method}">${method}</b> <code>${escape(path)}</code>
<span>${escape(summary)}</span></summary><p>${renderText(description)}</p>
<pre>${escape(exampleOf(method, path, requestBody !== undefined))}</pre>
${parameters.length === 0 ? "" : `<h3>Parameters</h3><table>${parameters.map(renderParameter).join("")}</table>`}
${body.length === 0 ? "" : `<h3>Body</h3>${body.join("")}`}
<h3>Answers</h3><table>${answers.join("")}</table></details>`;
}

/** The request as a command; `$URL` and `$TOKEN` are for the reader to fill in. */
function exampleOf(method: string, path: string, hasBody: boolean): string {
  const verb = method === "GET" ? "" : ` -X ${method}`;
  const body = hasBody ? " --json '{ ... }'" : "";
  return `curl${verb} "$URL${path}" --header "Authorization: Bearer $TOKEN"${body}`;
}

function renderParameter(parameter: NonNullable<OperationObject["parameters"]>[number]): string {
  const { name, in: place, required, description = "", schema } = parameter;
  const facts = `${place}${required ? ", required" : ""}`;
  return `<tr><td><code>${escape(name)}</code><td>${facts}<td>${escape(description)}${renderSchema("schema", schema)}`;
}

/** A reference becomes a link to the schema, others are shown when they are asked for. */
function renderSchema(label: string, schema: object | undefined): string {
  if (schema === undefined) return "";
  const [, name] = /^#\/components\/schemas\/(.+)$/.exec(String((schema as { $ref?: unknown }).$ref)) ?? [];
  if (name !== undefined) {
    return ` <a href="#schema-${escape(name)}">${escape(name)}</a> <small>${escape(label)}</small>`;
  }
  return `<details class="schema"><summary>${escape(label)}</summary>${renderJson(schema)}</details>`;
}

function renderSchemas({ components }: OpenApiDocument): string {
  return Object.entries(components?.schemas ?? {}).map(([name, schema]) =>
    `<details id="schema-${escape(name)}"><summary><code>${escape(name)}</code></summary>${
      renderJson(schema)
    }</details>`
  ).join("\n");
}

function renderJson(value: object): string {
  return `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;
}

/** What stands between backticks is code. */
function renderText(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}

/** Its hash has to be in the page's Content-Security-Policy. */
const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0 auto;max-width:64rem;padding:0 1rem 4rem}
header{position:sticky;top:0;background:Canvas;border-bottom:1px solid GrayText;padding:.5rem 0}
h1{font-size:1.4rem;margin:0}nav{display:flex;flex-wrap:wrap;gap:1rem}
h2{margin:2rem 0 .5rem;scroll-margin-top:5rem}h3{font-size:1rem;margin:1rem 0 .25rem}
.about{white-space:pre-line}small,summary span{color:GrayText}
details{border:1px solid color-mix(in srgb,GrayText 40%,transparent);border-radius:6px;margin:.4rem 0;padding:.4rem .8rem;
scroll-margin-top:5rem}
details.schema{border:0;padding:0;margin:0}summary{cursor:pointer}
summary b{display:inline-block;min-width:4.5rem;font-family:monospace}
.GET{color:#1a7f37}.POST{color:#0969da}.PUT{color:#9a6700}.DELETE{color:#cf222e}
table{border-collapse:collapse;width:100%}td{border-top:1px solid color-mix(in srgb,GrayText 30%,transparent);
padding:.3rem .6rem .3rem 0;vertical-align:top}pre{overflow:auto;font-size:.85rem}`;

/** What the page may do: look like it should, and nothing else. */
export async function apiPagePolicy(): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE)));
  const hash = btoa(String.fromCharCode(...digest));
  return `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;
}
