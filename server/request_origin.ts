import { FlowError } from "../engine/errors.ts";
import type { RequestInfo } from "../platform/listener.ts";

/** Answers a WebSocket handshake, as `Deno.upgradeWebSocket` does. */
export type UpgradeWebSocket = (
  request: Request,
  options: { protocol?: string },
) => { socket: WebSocket; response: Response };

/** Where a path of the outer server begins to be one of ours: without the slash at its end. @throws {FlowError} */
export function checkBasePath(path: string): string {
  const base = path.replace(/\/+$/, "");
  if (base === "" || /^(\/[\w.~-]+)+$/.test(base)) return base;
  throw new FlowError("invalid_argument", `Cannot use "${path}" as basePath: it is no path`, {
    hint: 'Write it like "/flow".',
  });
}

/** The request as the app knows it: without the base path, and with the host that it was sent to. */
export function withoutBase(request: Request, basePath: string): Request {
  const url = new URL(request.url);
  if (url.pathname === basePath || url.pathname.startsWith(`${basePath}/`)) {
    url.pathname = url.pathname.slice(basePath.length) || "/";
  }
  const { method, body } = request;
  const headers = new Headers(request.headers);
  if (!headers.has("host")) headers.set("host", url.host);
  // A body that is a stream needs `duplex`, which not all types know. The signal is left out: nobody here looks at it,
  // and `Deno.serve` warns whoever does.
  const init = { method, headers, body, duplex: "half" };
  return new Request(url, init);
}

/** Lets the answer lead to where the app is mounted. */
export function withBase(response: Response, basePath: string): Response {
  const location = response.headers.get("location");
  if (basePath !== "" && location?.startsWith("/")) response.headers.set("location", `${basePath}${location}`);
  return response;
}

/** What is known of a request, from what the runtime passes along: `Deno.serve`, or Hono on Node. */
export function infoOf(request: Request, env: unknown, upgrade: UpgradeWebSocket | undefined): RequestInfo {
  return {
    remoteAddress: addressIn(env, ["remoteAddr", "hostname"]) ??
      addressIn(env, ["incoming", "socket", "remoteAddress"]) ?? "unknown",
    isSecure: new URL(request.url).protocol === "https:",
    upgrade: ({ protocol } = {}) => {
      if (upgrade !== undefined) return upgrade(request, protocol === undefined ? {} : { protocol });
      throw new FlowError("invalid_argument", "Cannot open a WebSocket: this server has none", {
        hint: "Follow events with the header Accept: text/event-stream, or application/x-ndjson.",
      });
    },
  };
}

function addressIn(env: unknown, path: readonly string[]): string | undefined {
  let value = env;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === "string" ? value : undefined;
}
