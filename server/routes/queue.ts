import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { createRoutes, type ServerApp } from "../env.ts";
import type { ServerPorts } from "../ports.ts";
import { errorAnswers, jsonAnswer, queueSchema } from "../schemas.ts";

const list = createRoute({
  method: "get",
  path: "/api/queue",
  tags: ["Executions"],
  summary: "Which executions wait until they may run, and why",
  operationId: "getQueue",
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }) },
  responses: { 200: jsonAnswer("The queue", queueSchema), ...errorAnswers },
});

/** `/api/queue`. */
export function queueRoutes({ queue }: ServerPorts): ServerApp {
  const routes = createRoutes();
  routes.openapi(list, (c) => {
    const { running = 0, waiting = 0 } = queue ?? {};
    const executions = queue?.list(c.req.valid("query").limit) ?? [];
    return c.json({ running, waiting, executions }, 200);
  });
  return routes;
}
