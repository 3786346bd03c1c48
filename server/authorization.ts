import type { MiddlewareHandler } from "hono";
import { FlowError } from "../engine/errors.ts";
import type { ServerEnv } from "./env.ts";
import type { Authenticator, Role } from "./ports.ts";

const RANK: Readonly<Record<Role, number>> = { viewer: 1, operator: 2, admin: 3 };
/** Only for those who look after the server. */
const ADMIN_PATHS = /^\/api\/(audit|tokens)(\/|$)/;

/** Lets only those in who are known and may do what they ask for. */
export function requireRole(auth: Authenticator): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const principal = await auth.authenticate(c.req.raw, c.env);
    c.set("principal", principal);
    const needed = neededRole(c.req.method, c.req.path);
    if (RANK[principal.role] < RANK[needed]) {
      throw new FlowError("forbidden", `Cannot ${c.req.method} "${c.req.path}" as ${principal.role}`, {
        hint: `Use a token with the role ${needed}.`,
      });
    }
    await next();
  };
}

/** Who only looks is a viewer; so new routes are never open to more than they should. */
function neededRole(method: string, path: string): Role {
  if (ADMIN_PATHS.test(path)) return "admin";
  return method === "GET" || method === "HEAD" ? "viewer" : "operator";
}
