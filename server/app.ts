import { FlowError } from "../engine/errors.ts";
import { answerError, fromThrown, isInternal } from "./answers.ts";
import { createRoutes, type ServerApp, type ServerContext } from "./env.ts";
import type { ServerPorts } from "./ports.ts";
import { eventRoutes } from "./routes/events.ts";
import { executionRoutes } from "./routes/executions.ts";
import { healthRoutes } from "./routes/health.ts";

/** The server as a function from requests to answers: `app.fetch(request, info)`. */
export function createApp(ports: ServerPorts): ServerApp {
  const app = createRoutes();
  app.use(async (c, next) => {
    c.set("requestId", crypto.randomUUID());
    await next();
    c.res.headers.set("X-Request-Id", c.get("requestId"));
  });
  app.onError((thrown, c) => {
    const error = fromThrown(thrown);
    if (isInternal(error)) ports.onInternalError(thrown, c.get("requestId"));
    return answerError(c, thrown);
  });
  app.notFound((c) => answerError(c, noSuchRoute(c)));
  app.route("/", healthRoutes(ports));
  app.use("/api/*", async (c, next) => {
    c.set("principal", await ports.auth.authenticate(c.req.raw, c.env));
    await next();
  });
  app.route("/", executionRoutes(ports));
  app.route("/", eventRoutes(ports));
  return app;
}

function noSuchRoute(c: ServerContext): FlowError {
  return new FlowError("not_found", `No route answers ${c.req.method} "${c.req.path}"`, {
    hint: "See /openapi.json for those that there are.",
  });
}
