import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { createRoutes, type ServerApp } from "../env.ts";
import type { ServerPorts } from "../ports.ts";
import { Readiness } from "../readiness.ts";

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

const ready = createRoute({
  method: "get",
  path: "/ready",
  tags: ["Server"],
  summary: "Whether the server can take work",
  description: "Asks the database, at most once a second.",
  operationId: "getReadiness",
  responses: {
    200: {
      description: "It can",
      content: { "application/json": { schema: z.object({ status: z.literal("ready") }) } },
    },
    503: {
      description: "It cannot",
      content: { "application/json": { schema: z.object({ status: z.literal("not_ready"), reason: z.string() }) } },
    },
  },
});

/** `/health` and `/ready`: no token needed, and nothing told that a stranger may not know. */
export function healthRoutes(ports: ServerPorts): ServerApp {
  const { version } = ports;
  const readiness = new Readiness(ports);
  const routes = createRoutes();
  routes.openapi(health, (c) => c.json({ status: "healthy", version, service: "flowengine" } as const, 200));
  routes.openapi(ready, async (c) => {
    const reason = await readiness.whyNot();
    if (reason !== undefined) return c.json({ status: "not_ready", reason } as const, 503);
    return c.json({ status: "ready" } as const, 200);
  });
  return routes;
}
