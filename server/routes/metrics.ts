import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { createRoutes, type ServerApp } from "../env.ts";
import type { ServerPorts } from "../ports.ts";
import { errorAnswers } from "../schemas.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const metrics = createRoute({
  method: "get",
  path: "/metrics",
  tags: ["Server"],
  summary: "What Prometheus collects",
  operationId: "getMetrics",
  responses: {
    200: {
      description: "Metrics in the text format of Prometheus",
      content: { "text/plain": { schema: z.string() } },
    },
    ...errorAnswers,
  },
});

/** `/metrics`. */
export function metricsRoutes(ports: ServerPorts): ServerApp {
  const routes = createRoutes();
  routes.openapi(metrics, (c) => c.text(ports.metrics?.render() ?? "", 200, { "Content-Type": CONTENT_TYPE }));
  return routes;
}
