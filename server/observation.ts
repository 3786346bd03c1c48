import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { ServerContext, ServerEnv } from "./env.ts";
import type { ServerPorts } from "./ports.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);

/** Tells of every request, once its answer is ready, also of those that are refused. */
export function observeRequests({ observers = [], clock }: ServerPorts): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const startedAt = clock.monotonic();
    await next();
    const answered = {
      id: c.get("requestId") ?? "",
      method: METHODS.has(c.req.method) ? c.req.method : "OTHER",
      route: templateOf(c),
      status: c.res.status,
      durationMs: clock.monotonic() - startedAt,
      principal: c.get("principal")?.name,
      address: c.env.remoteAddress,
      executionId: executionOf(c),
    };
    for (const observer of observers) observer.onAnswered(answered);
  };
}

/** The route as it is documented, such as `/api/executions/{id}`: there are few, whatever clients ask for. */
function templateOf(c: ServerContext): string {
  const path = routePath(c, -1);
  return path.includes("*") ? "none" : path.replaceAll(/:([^/{]+)(\{[^}]*\})?/g, "{$1}");
}

/** The execution that a request is about, or has started. */
function executionOf(c: ServerContext): string | undefined {
  const path = c.res.headers.get("location") ?? c.req.path;
  const [, id] = /^\/api\/executions\/([^/]{1,200})/.exec(path) ?? [];
  return id;
}
