import { describeAgent } from "../agent_card.ts";
import { apiPagePolicy, renderApiPage } from "../api_page.ts";
import { createRoutes, type ServerApp } from "../env.ts";
import { describeApi, type OpenApiDocument } from "../openapi.ts";
import type { ServerPorts } from "../ports.ts";

/** `/openapi.json`, `/api-docs` and `/.well-known/agent-card.json`: the same for everybody, and open to everybody. */
export function descriptionRoutes(app: ServerApp, ports: ServerPorts): ServerApp {
  const routes = createRoutes();
  let document: OpenApiDocument | undefined;
  // Made when it is first asked for: most servers never are.
  const getDocument = () => document ??= describeApi(app, ports);
  routes.get("/openapi.json", (c) => c.json(getDocument()));
  routes.get("/api-docs", async (c) => {
    c.header("Content-Security-Policy", await apiPagePolicy());
    return c.html(renderApiPage(getDocument()));
  });
  routes.get("/.well-known/agent-card.json", (c) => {
    return c.json(describeAgent(ports.version, `${new URL(c.req.url).origin}${ports.basePath ?? ""}`));
  });
  return routes;
}
