import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import { encodeDocument } from "../../engine/encode_document.ts";
import { createRoutes, type ServerApp } from "../env.ts";
import { readExecution, toExecutionDocument } from "../execution_document.ts";
import { describeResult, findExecution, waitForEnd } from "../find_execution.ts";
import type { QueuedExecution, ServerPorts } from "../ports.ts";
import { readRequestKey } from "../request_key.ts";
import { executeRequestSchema, idempotencyHeader, idParameter, jsonBody, startRequestSchema } from "../requests.ts";
import {
  errorAnswers,
  executionListSchema,
  executionSchema,
  jsonAnswer,
  startedAnswers,
  valuesForm,
  waitSchema,
} from "../schemas.ts";
import { type StartedExecution, startExecution } from "../start_execution.ts";
import type { ValuesForm } from "../values_form.ts";

const tags = ["Executions"];

const execute = createRoute({
  method: "post",
  path: "/api/workflows/{id}/execute",
  tags,
  summary: "Run a saved workflow, and wait for its end unless wait=false",
  description: "It goes on if the client goes away.",
  operationId: "executeWorkflow",
  request: {
    params: idParameter,
    query: z.object({ wait: waitSchema.default("true"), values: valuesForm }),
    headers: idempotencyHeader,
    body: jsonBody(executeRequestSchema, false),
  },
  responses: startedAnswers,
});

const start = createRoute({
  method: "post",
  path: "/api/executions",
  tags,
  summary: "Run a saved workflow, or exactly the document that is sent",
  description: "It goes on if the client goes away.",
  operationId: "startExecution",
  request: {
    query: z.object({ wait: waitSchema.default("false"), values: valuesForm }),
    headers: idempotencyHeader,
    body: jsonBody(startRequestSchema),
  },
  responses: startedAnswers,
});

const list = createRoute({
  method: "get",
  path: "/api/executions",
  tags,
  summary: "Executions, the newest first",
  operationId: "listExecutions",
  request: {
    query: z.object({
      status: z.enum(["running", "interrupted", "succeeded", "failed", "cancelled"]).optional(),
      workflow_id: z.string().optional(),
      id_prefix: z.string().optional().describe("What the ids start with"),
      called_by: z.string().optional().describe("The execution that has called them"),
      top_level: z.stringbool().optional().describe("Only those that no other execution has called"),
      since: z.iso.datetime({ offset: true }).optional().describe("Created at this time or later"),
      until: z.iso.datetime({ offset: true }).optional().describe("Created before this time"),
      limit: z.coerce.number().int().min(1).max(200).default(50),
      cursor: z.string().optional().describe("next_cursor of the page before"),
    }),
  },
  responses: { 200: jsonAnswer("A page", executionListSchema), ...errorAnswers },
});

const get = createRoute({
  method: "get",
  path: "/api/executions/{id}",
  tags,
  summary: "Where an execution stands, node by node",
  operationId: "getExecution",
  request: {
    params: idParameter,
    query: z.object({ values: valuesForm, include: z.enum(["workflow"]).optional() }),
  },
  responses: { 200: jsonAnswer("The execution", executionSchema), ...errorAnswers },
});

/** `/api/executions`, but for what is done to one of them. */
export function executionRoutes(ports: ServerPorts): ServerApp {
  const routes = createRoutes();
  addStarting(routes, ports);
  addReading(routes, ports);
  return routes;
}

function addStarting(routes: ServerApp, ports: ServerPorts): void {
  routes.openapi(execute, async (c) => {
    const { wait, values } = c.req.valid("query");
    const key = await readRequestKey(c, c.req.valid("header")["idempotency-key"]);
    const traceparent = c.req.header("traceparent");
    const request = { ...c.req.valid("json"), workflow_id: c.req.valid("param").id, traceparent };
    const execution = await startExecution(ports, request, key);
    c.header("Location", locationOf(execution));
    if (wait === "false") return c.json({ execution_id: execution.execution_id }, 202);
    return c.json(await resultOf(ports, execution, values), 200);
  });
  routes.openapi(start, async (c) => {
    const { wait, values } = c.req.valid("query");
    const key = await readRequestKey(c, c.req.valid("header")["idempotency-key"]);
    const request = { ...c.req.valid("json"), traceparent: c.req.header("traceparent") };
    const execution = await startExecution(ports, request, key);
    c.header("Location", locationOf(execution));
    if (wait === "false") return c.json({ execution_id: execution.execution_id }, 202);
    return c.json(await resultOf(ports, execution, values), 200);
  });
}

function addReading(routes: ServerApp, ports: ServerPorts): void {
  const { engine: { store }, clock } = ports;
  routes.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid("query");
    if (cursor !== undefined && await store.getSummary(cursor, clock.now()) === undefined) throw unknownCursor(cursor);
    const after = cursor === undefined ? {} : { after: cursor };
    const given = Object.fromEntries(Object.entries(filter).filter(([_, value]) => value !== undefined));
    // One more than is shown tells whether there are more.
    const found = await store.listExecutions({ ...given, ...after, limit: limit + 1 }, clock.now());
    const executions = found.slice(0, limit);
    const last = executions.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return c.json({ executions, ...(isMore ? { next_cursor: last.execution_id } : {}) }, 200);
  });
  routes.openapi(get, async (c) => {
    const { values, include } = c.req.valid("query");
    const { record, summary } = await findExecution(ports, c.req.valid("param").id);
    const document = toExecutionDocument(await readExecution(store, record, summary), values);
    const queued = describeQueued(ports.queue?.find(record));
    const workflow = include === "workflow" ? { workflow: encodeDocument(record.workflow) } : {};
    return c.json({ ...document, ...queued, ...workflow }, 200);
  });
}

function describeQueued(queued: QueuedExecution | undefined) {
  if (queued === undefined) return {};
  const { position, reason } = queued;
  return { queued: { position, reason } };
}

function unknownCursor(cursor: string): FlowError {
  return new FlowError("invalid_argument", `Cannot go on after "${cursor.slice(0, 40)}": it is no cursor`, {
    hint: "Send the next_cursor of the page before; begin anew if that execution has been deleted since.",
  });
}

async function resultOf(ports: ServerPorts, { execution_id, handle }: StartedExecution, form: ValuesForm) {
  return describeResult(await (handle?.result ?? waitForEnd(ports, execution_id)), form);
}

function locationOf({ execution_id }: StartedExecution): string {
  return `/api/executions/${encodeURIComponent(execution_id)}`;
}
