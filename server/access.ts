import type { MiddlewareHandler } from "hono";
import { FlowError } from "../engine/errors.ts";
import type { ServerContext, ServerEnv } from "./env.ts";
import type { AccessRules } from "./ports.ts";

/** How long a browser may remember what a foreign origin may do. */
const PREFLIGHT_SECONDS = 600;
const METHODS = "GET, POST, PUT, DELETE";
const REQUEST_HEADERS =
  "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id";
const ANSWER_HEADERS = "ETag, Location, Retry-After, X-Request-Id";

/**
 * Refuses requests that a page of another site has sent through somebody's browser: under a name that is not ours (DNS
 * rebinding), or with the origin of that page. Origins that are allowed get the headers that their scripts need (CORS).
 */
export function guardAccess(rules: AccessRules): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!isAllowedHost(host, rules)) throw foreignHost(host);
    const origin = c.req.header("origin");
    if (origin === undefined) {
      if (isCrossSite(c)) throw foreignOrigin("another site");
      return await next();
    }
    if (isSameOrigin(origin, host)) return await next();
    if (!rules.allowedOrigins.includes(origin)) throw foreignOrigin(`"${origin}"`);
    if (c.req.method === "OPTIONS") return answerPreflight(origin);
    await next();
    c.res.headers.set("Access-Control-Allow-Origin", origin);
    c.res.headers.set("Access-Control-Expose-Headers", ANSWER_HEADERS);
    c.res.headers.append("Vary", "Origin");
  };
}

/** Literal addresses cannot be rebound: they lead where they lead. */
function isAllowedHost(host: string, { allowedHosts }: AccessRules): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name)) return true;
  return allowedHosts.some((allowed) => allowed === "*" || allowed.toLowerCase() === name);
}

/** The scheme is left out, because TLS may end at a proxy before us. */
function isSameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** Browsers say so of every request that they make for a page; opening a link is no such request. */
function isCrossSite(c: ServerContext): boolean {
  const site = c.req.header("sec-fetch-site");
  return (site === "cross-site" || site === "same-site") && c.req.header("sec-fetch-mode") !== "navigate";
}

function answerPreflight(origin: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Methods": METHODS,
      "Access-Control-Allow-Headers": REQUEST_HEADERS,
      "Access-Control-Max-Age": String(PREFLIGHT_SECONDS),
      Vary: "Origin",
    },
  });
}

function foreignHost(host: string): FlowError {
  return new FlowError("forbidden", `Cannot answer for the host "${host}": it is not one of this server's names`, {
    hint: "Use localhost or its address, or start the server with --allow-host.",
  });
}

function foreignOrigin(origin: string): FlowError {
  return new FlowError("forbidden", `Cannot answer a page of ${origin}: its origin is not allowed`, {
    hint: "Start the server with --allow-origin if the page is to use it.",
  });
}
