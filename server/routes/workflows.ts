import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { createRoutes, type ServerApp } from "../env.ts";
import type { ServerPorts } from "../ports.ts";
import { idParameter } from "../requests.ts";
import {
  errorAnswers,
  jsonAnswer,
  messageSchema,
  valuesForm,
  workflowSavedSchema,
  workflowSummarySchema,
} from "../schemas.ts";
import { encodeWorkflow } from "../values_form.ts";
import {
  createWorkflow,
  etagOf,
  expectedVersion,
  loadWorkflow,
  matches,
  orPreconditionFailed,
  placeAt,
  readDocument,
} from "../workflow_documents.ts";

const tags = ["Workflows"];

/** Not a schema for checking: the engine's parser says much more about a document. */
const documentBody = {
  required: true,
  content: {
    "application/json": { schema: { $ref: "#/components/schemas/Workflow" } },
    "application/yaml": { schema: { type: "string" as const } },
  },
};

const preconditions = z.object({
  "if-match": z.string().optional().describe("ETag of the version that is changed; else 412"),
  "if-none-match": z.string().optional().describe("*: only if it does not exist yet; else 412"),
});

const list = createRoute({
  method: "get",
  path: "/api/workflows",
  tags,
  summary: "All saved workflows",
  operationId: "listWorkflows",
  responses: { 200: jsonAnswer("By id", z.array(workflowSummarySchema)), ...errorAnswers },
});

const create = createRoute({
  method: "post",
  path: "/api/workflows",
  tags,
  summary: "Save a new workflow",
  operationId: "createWorkflow",
  request: { body: documentBody },
  responses: { 201: jsonAnswer("It is saved", workflowSavedSchema), ...errorAnswers },
});

const get = createRoute({
  method: "get",
  path: "/api/workflows/{id}",
  tags,
  summary: "The document of a workflow",
  operationId: "getWorkflow",
  request: {
    params: idParameter,
    query: z.object({ version: z.coerce.number().int().min(1).optional(), values: valuesForm }),
    headers: z.object({ "if-none-match": z.string().optional().describe("An ETag: 304 if it is still the same") }),
  },
  responses: {
    200: {
      description: "The document, with its version as ETag",
      content: { "application/json": { schema: { $ref: "#/components/schemas/Workflow" } } },
    },
    304: { description: "It is still the same" },
    ...errorAnswers,
  },
});

const put = createRoute({
  method: "put",
  path: "/api/workflows/{id}",
  tags,
  summary: "Save a new version of a workflow, or a new workflow",
  operationId: "putWorkflow",
  request: { params: idParameter, headers: preconditions, body: documentBody },
  responses: {
    200: jsonAnswer("It is saved", workflowSavedSchema),
    201: jsonAnswer("It is saved, and new", workflowSavedSchema),
    ...errorAnswers,
  },
});

const remove = createRoute({
  method: "delete",
  path: "/api/workflows/{id}",
  tags,
  summary: "Delete a workflow with all its versions; its executions stay",
  operationId: "deleteWorkflow",
  request: { params: idParameter, headers: preconditions.pick({ "if-match": true }) },
  responses: { 200: jsonAnswer("It is deleted", messageSchema), ...errorAnswers },
});

/** `/api/workflows` */
export function workflowRoutes(ports: ServerPorts): ServerApp {
  const routes = createRoutes();
  addReading(routes, ports);
  addWriting(routes, ports);
  return routes;
}

function addReading(routes: ServerApp, ports: ServerPorts): void {
  routes.openapi(list, async (c) => {
    const found = await ports.engine.store.listWorkflows();
    const summaries = found.map(({ workflow: { id, name, description, nodes, connections } }) => ({
      id,
      name,
      description: description ?? null,
      nodes: nodes.length,
      connections: connections.length,
    }));
    return c.json(summaries, 200);
  });
  routes.openapi(get, async (c) => {
    const { version, values } = c.req.valid("query");
    const found = await loadWorkflow(ports, c.req.valid("param").id, version);
    c.header("ETag", etagOf(found));
    const known = c.req.valid("header")["if-none-match"];
    if (known !== undefined && matches(known, found)) return c.body(null, 304);
    return c.json(encodeWorkflow(found.workflow, values), 200);
  });
}

function addWriting(routes: ServerApp, ports: ServerPorts): void {
  const { engine: { store }, clock } = ports;
  routes.openapi(create, async (c) => {
    const workflow = await readDocument(ports, await c.req.text(), c.req.header("content-type"));
    const saved = await createWorkflow(ports, workflow);
    c.header("ETag", etagOf(saved));
    c.header("Location", `/api/workflows/${encodeURIComponent(workflow.id)}`);
    return c.json({ id: workflow.id, message: "Workflow created" }, 201);
  });
  routes.openapi(put, async (c) => {
    const { id } = c.req.valid("param");
    const headers = c.req.valid("header");
    const text = await c.req.text();
    const workflow = placeAt(id, await readDocument(ports, text, c.req.header("content-type")), text);
    const newest = await store.loadWorkflow(id);
    const conditions = { ifMatch: headers["if-match"], ifNoneMatch: headers["if-none-match"] };
    const expected = expectedVersion(id, newest, conditions);
    const saved = await orPreconditionFailed(id, () => store.saveWorkflow(workflow, clock.now(), expected));
    c.header("ETag", etagOf(saved));
    return newest === undefined
      ? c.json({ id, message: "Workflow created" }, 201)
      : c.json({ id, message: "Workflow updated" }, 200);
  });
  routes.openapi(remove, async (c) => {
    const { id } = c.req.valid("param");
    const newest = await loadWorkflow(ports, id);
    const expected = expectedVersion(id, newest, { ifMatch: c.req.valid("header")["if-match"] });
    await orPreconditionFailed(id, () => store.deleteWorkflow(id, expected));
    return c.json({ message: "Workflow deleted" }, 200);
  });
}
