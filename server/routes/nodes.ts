import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import { didYouMean } from "../../engine/suggest.ts";
import { createRoutes, type ServerApp } from "../env.ts";
import { describeNodeType } from "../node_description.ts";
import type { ServerPorts } from "../ports.ts";
import { errorAnswers, jsonAnswer, nodeTypeSchema } from "../schemas.ts";

const tags = ["Node types"];

const list = createRoute({
  method: "get",
  path: "/api/nodes",
  tags,
  summary: "All node types that workflows may use here",
  operationId: "listNodeTypes",
  responses: { 200: jsonAnswer("By name", z.array(nodeTypeSchema)), ...errorAnswers },
});

const get = createRoute({
  method: "get",
  path: "/api/nodes/{type}",
  tags,
  summary: "What a node type takes and gives",
  operationId: "getNodeType",
  request: { params: z.object({ type: z.string() }) },
  responses: { 200: jsonAnswer("The node type", nodeTypeSchema), ...errorAnswers },
});

/** `/api/nodes` */
export function nodeRoutes({ engine: { registry } }: ServerPorts): ServerApp {
  const routes = createRoutes();
  routes.openapi(list, (c) => c.json(registry.list().map(describeNodeType), 200));
  routes.openapi(get, (c) => {
    const { type } = c.req.valid("param");
    const definition = registry.get(type);
    if (definition !== undefined) return c.json(describeNodeType(definition), 200);
    throw new FlowError("not_found", `No node type has the name "${type}"`, {
      hint: didYouMean(type, registry.types(), "types") ?? "GET /api/nodes lists those that there are.",
    });
  });
  return routes;
}
