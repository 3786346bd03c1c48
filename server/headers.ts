import type { MiddlewareHandler } from "hono";
import type { ServerEnv } from "./env.ts";

/** Nothing that the API answers is to be shown, framed, guessed or kept by a browser. */
const HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cache-Control": "no-store",
};
/** A year, as browsers want it. */
const STRICT_TRANSPORT = "max-age=31536000";

/** Of proxies in front of us: nothing that could break a line of a log. */
const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Gives each request an id, unless it has a sane one, and each answer that id and the headers that keep browsers careful. */
export function addHeaders(): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    const requestId = SANE_ID.test(given) ? given : crypto.randomUUID();
    c.set("requestId", requestId);
    await next();
    const { headers } = c.res;
    headers.set("X-Request-Id", requestId);
    for (const [name, value] of Object.entries(HEADERS)) if (!headers.has(name)) headers.set(name, value);
    if (c.env.isSecure) headers.set("Strict-Transport-Security", STRICT_TRANSPORT);
  };
}
