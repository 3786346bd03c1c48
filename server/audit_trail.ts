import type { MiddlewareHandler } from "hono";
import type { Clock } from "../engine/clock.ts";
import type { ServerEnv } from "./env.ts";
import type { AuditLog } from "./ports.ts";

/** Longer paths are cut: they are kept for people. */
const MAX_ACTION_LENGTH = 300;

/** Notes every request that changes something, or was refused to, with who sent it. */
export function auditChanges(audit: AuditLog, clock: Clock): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    await next();
    const { method, path } = c.req;
    const principal = c.get("principal");
    if (method === "GET" || method === "HEAD" || principal === undefined) return;
    await audit.add({
      at: new Date(clock.now()).toISOString(),
      actor: principal.name,
      role: principal.role,
      address: c.env.remoteAddress,
      action: `${method} ${path}`.slice(0, MAX_ACTION_LENGTH),
      status: c.res.status,
      request_id: c.get("requestId"),
    });
  };
}
