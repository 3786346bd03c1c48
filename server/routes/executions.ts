import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { encodeDocument } from "../../engine/encode_document.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import { createRoutes, type ServerApp } from "../env.ts";
import { readExecution, toExecutionDocument } from "../execution_document.ts";
import type { ServerPorts } from "../ports.ts";
import {
  errorAnswers,
  executionSchema,
  jsonAnswer,
  resultSchema,
  startedSchema,
  valuesForm,
  valuesSchema,
  waitSchema,
} from "../schemas.ts";
import { startExecution } from "../start_execution.ts";
import { encodeValues, type ValuesForm } from "../values_form.ts";

const startRequestSchema = z.strictObject({
  workflow_id: z.string().optional().describe("A saved workflow"),
  workflow: z.unknown().optional().describe("An inline document: an object, or its text in JSON or YAML"),
  inputs: valuesSchema.optional(),
  verbose: z.boolean().optional().describe("Whether nodes put out every line"),
  timeout_ms: z.int().min(1).optional().describe("In place of settings.max_execution_time_ms"),
  no_cache: z.boolean().optional().describe("Run nodes with cache anew"),
}).meta({ id: "StartRequest" });

const start = createRoute({
  method: "post",
  path: "/api/executions",
  tags: ["Executions"],
  summary: "Run a saved workflow, or exactly the document that is sent",
  operationId: "startExecution",
  request: {
    query: z.object({ wait: waitSchema.default("false"), values: valuesForm }),
    body: { required: true, content: { "application/json": { schema: startRequestSchema } } },
  },
  responses: {
    200: jsonAnswer("With wait=true: how it ended", resultSchema),
    202: jsonAnswer("It has begun", startedSchema),
    ...errorAnswers,
  },
});

const get = createRoute({
  method: "get",
  path: "/api/executions/{id}",
  tags: ["Executions"],
  summary: "Where an execution stands, node by node",
  operationId: "getExecution",
  request: {
    params: z.object({ id: z.string() }),
    query: z.object({ values: valuesForm, include: z.enum(["workflow"]).optional() }),
  },
  responses: { 200: jsonAnswer("The execution", executionSchema), ...errorAnswers },
});

/** `/api/executions` */
export function executionRoutes(ports: ServerPorts): ServerApp {
  const { engine, clock } = ports;
  const routes = createRoutes();
  routes.openapi(start, async (c) => {
    const { wait, values } = c.req.valid("query");
    const handle = await startExecution(ports, c.req.valid("json"));
    if (wait === "false") return c.json({ execution_id: handle.execution_id }, 202);
    return c.json(describeResult(await handle.result, values), 200);
  });
  routes.openapi(get, async (c) => {
    const { id } = c.req.valid("param");
    const { values, include } = c.req.valid("query");
    const record = await engine.store.getRecord(id);
    const summary = await engine.store.getSummary(id, clock.now());
    if (record === undefined || summary === undefined) throw noSuchExecution(id);
    const shown = await readExecution(engine.store, record, summary);
    const document = toExecutionDocument(shown, (named) => encodeValues(named, values));
    const workflow = include === "workflow" ? { workflow: encodeDocument(record.workflow) } : {};
    return c.json({ ...document, ...workflow }, 200);
  });
  return routes;
}

/** The result of an execution as clients see it. */
function describeResult({ outputs, ...result }: ExecutionResult, form: ValuesForm) {
  const { execution_id, completed_nodes, total_nodes, status } = result;
  return { execution_id, completed_nodes, total_nodes, status, outputs: encodeValues(outputs, form) };
}

function noSuchExecution(id: string): FlowError {
  return new FlowError("not_found", `No execution has the id "${id}"`, {
    hint: "GET /api/executions lists those that there are.",
  });
}
