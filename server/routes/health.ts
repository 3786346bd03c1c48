import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { createRoutes, type ServerApp } from "../env.ts";
import type { ServerPorts } from "../ports.ts";

const health = createRoute({
  method: "get",
  path: "/health",
  tags: ["Server"],
  summary: "Whether the server answers",
  operationId: "getHealth",
  responses: {
    200: {
      description: "It does",
      content: {
        "application/json": {
          schema: z.object({ status: z.literal("healthy"), version: z.string(), service: z.literal("flowengine") }),
        },
      },
    },
  },
});

/** `/health`: no token needed, and nothing told that a stranger may not know. */
export function healthRoutes({ version }: ServerPorts): ServerApp {
  const routes = createRoutes();
  routes.openapi(health, (c) => c.json({ status: "healthy", version, service: "flowengine" } as const, 200));
  return routes;
}
