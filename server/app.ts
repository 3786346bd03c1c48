import { FlowError } from "../engine/errors.ts";
import { guardAccess } from "./access.ts";
import { answerError, fromThrown, isInternal } from "./answers.ts";
import { auditChanges } from "./audit_trail.ts";
import { requireRole } from "./authorization.ts";
import { limitBodies } from "./bodies.ts";
import { createRoutes, type ServerApp, type ServerContext } from "./env.ts";
import { addHeaders } from "./headers.ts";
import { observeRequests } from "./observation.ts";
import type { ServerPorts } from "./ports.ts";
import { auditRoutes } from "./routes/audit.ts";
import { descriptionRoutes } from "./routes/description.ts";
import { eventRoutes } from "./routes/events.ts";
import { executionControlRoutes } from "./routes/execution_control.ts";
import { executionHistoryRoutes } from "./routes/execution_history.ts";
import { executionRoutes } from "./routes/executions.ts";
import { healthRoutes } from "./routes/health.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { queueRoutes } from "./routes/queue.ts";
import { workflowRoutes } from "./routes/workflows.ts";

/** The server as a function from requests to answers: `app.fetch(request, info)`. */
export function createApp(ports: ServerPorts): ServerApp {
  const app = createRoutes();
  app.use(observeRequests(ports));
  app.use(addHeaders(), guardAccess(ports.access));
  app.onError((thrown, c) => {
    const error = fromThrown(thrown);
    if (isInternal(error)) ports.onInternalError(thrown, c.get("requestId"));
    return answerError(c, thrown);
  });
  app.notFound((c) => answerError(c, noSuchRoute(app, c)));
  app.route("/", healthRoutes(ports));
  app.use("/metrics", requireRole(ports.auth));
  app.route("/", metricsRoutes(ports));
  app.use("/api/*", auditChanges(ports.audit, ports.clock), requireRole(ports.auth), limitBodies(ports.limits));
  for (const routes of API_ROUTES) app.route("/", routes(ports));
  app.route("/", descriptionRoutes(app, ports));
  return app;
}

/** One for each resource. */
const API_ROUTES = [
  workflowRoutes,
  executionRoutes,
  executionControlRoutes,
  executionHistoryRoutes,
  eventRoutes,
  nodeRoutes,
  queueRoutes,
  auditRoutes,
];

/** The path may be right, and only the method wrong. */
function noSuchRoute(app: ServerApp, { req: { method, path } }: ServerContext): FlowError {
  const allowed = METHODS.filter((it) => answers(app, it, path)).flatMap((it) => it === "GET" ? [it, "HEAD"] : [it]);
  if (allowed.length === 0) {
    return new FlowError("not_found", `No route answers ${method} "${path}"`, {
      hint: "See /openapi.json for those that there are.",
    });
  }
  const allow = allowed.join(", ");
  return new FlowError("method_not_allowed", `Cannot ${method} "${path}": it does not answer this method`, {
    hint: `Use ${allow}.`,
    details: { allow },
  });
}

const METHODS = ["GET", "POST", "PUT", "DELETE"];

/** Middleware is there for all methods, and answers none. */
function answers(app: ServerApp, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.method !== "ALL");
}
