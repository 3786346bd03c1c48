import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import { isLogEvent } from "../../engine/events.ts";
import { explainExecution } from "../../engine/explain.ts";
import { readAllEvents } from "../../engine/store.ts";
import { didYouMean } from "../../engine/suggest.ts";
import { toWire, type Value } from "../../engine/value.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { createRoutes, type ServerApp } from "../env.ts";
import { findExecution } from "../find_execution.ts";
import type { ServerPorts } from "../ports.ts";
import { idParameter } from "../requests.ts";
import { errorAnswers, explanationSchema, jsonAnswer, logPageSchema } from "../schemas.ts";

const tags = ["Executions"];

const logs = createRoute({
  method: "get",
  path: "/api/executions/{id}/logs",
  tags,
  summary: "What the nodes of an execution have told",
  operationId: "getExecutionLogs",
  request: {
    params: idParameter,
    query: z.object({
      node: z.string().optional().describe("Only of the node with this id"),
      stream: z.enum(["stdout", "stderr"]).optional().describe("Only what commands printed there"),
      after: z.coerce.number().int().min(0).default(0).describe("Only what came after the event with this seq"),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000),
    }),
  },
  responses: { 200: jsonAnswer("A page", logPageSchema), ...errorAnswers },
});

const explain = createRoute({
  method: "get",
  path: "/api/executions/{id}/explain",
  tags,
  summary: "Why an execution went as it did, and where its time went",
  operationId: "explainExecution",
  request: { params: idParameter },
  responses: { 200: jsonAnswer("The explanation", explanationSchema), ...errorAnswers },
});

/** What executions have told. Their events are in `events.ts`. */
export function executionHistoryRoutes(ports: ServerPorts): ServerApp {
  const { store } = ports.engine;
  const routes = createRoutes();
  routes.openapi(logs, async (c) => {
    const { node, stream, after, limit } = c.req.valid("query");
    const { record: { execution_id, workflow } } = await findExecution(ports, c.req.valid("param").id);
    if (node !== undefined) checkNode(workflow, node);
    const wanted = stream === undefined ? undefined : stream === "stdout" ? "StdoutLine" : "StderrLine";
    const lines = [];
    let nextAfter: number | undefined;
    for await (
      const event of readAllEvents(store, execution_id, { kind: "logs", after, ...(node && { node_id: node }) })
    ) {
      if (!isLogEvent(event) || (wanted !== undefined && event.event.event_type !== wanted)) continue;
      if (lines.length === limit) {
        nextAfter = lines.at(-1)?.seq;
        break;
      }
      const { seq, timestamp, node_id } = event;
      lines.push({ seq, timestamp, node_id, event: toWire(event.event as unknown as Value) as LogBody });
    }
    return c.json({ lines, ...(nextAfter === undefined ? {} : { next_after: nextAfter }) }, 200);
  });
  routes.openapi(explain, async (c) => {
    const { record, summary } = await findExecution(ports, c.req.valid("param").id);
    const events = readAllEvents(store, record.execution_id, { kind: "state" });
    const explanation = await explainExecution(record, events, { isDriven: summary.status === "running" });
    return c.json(toWire(explanation as unknown as Value) as { [name: string]: unknown }, 200);
  });
  return routes;
}

type LogBody = { event_type: string };

/** @throws {FlowError} `not_found` */
function checkNode({ nodes }: Workflow, node: string): void {
  if (nodes.some(({ id }) => id === node)) return;
  throw new FlowError("not_found", `No node has the id "${node}"`, {
    hint: didYouMean(node, nodes.map(({ id }) => id), "nodes") ?? "GET the execution to see its nodes.",
  });
}
