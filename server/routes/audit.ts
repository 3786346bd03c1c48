import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { createRoutes, type ServerApp } from "../env.ts";
import type { ServerPorts } from "../ports.ts";
import { auditPageSchema, errorAnswers, jsonAnswer } from "../schemas.ts";

const list = createRoute({
  method: "get",
  path: "/api/audit",
  tags: ["Server"],
  summary: "Who changed what, the newest first; for admins",
  operationId: "listAuditEntries",
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      before: z.coerce.number().int().min(1).optional().describe("id of the last entry of the page before"),
    }),
  },
  responses: { 200: jsonAnswer("A page", auditPageSchema), ...errorAnswers },
});

/** `/api/audit` */
export function auditRoutes({ audit }: ServerPorts): ServerApp {
  const routes = createRoutes();
  routes.openapi(list, async (c) => c.json({ entries: await audit.list(c.req.valid("query")) }, 200));
  return routes;
}
