import { FlowError } from "../engine/errors.ts";
import type { HttpListener, ListenOptions, RequestHandler, RequestInfo, UpgradeOptions } from "./listener.ts";

/** {@link Platform.serve} by `Deno.serve`. */
export function serve(options: ListenOptions, handler: RequestHandler): HttpListener {
  const { hostname, port, tls } = options;
  const cutOff = new AbortController();
  const isSecure = tls !== undefined;
  const handle = (request: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) =>
    handler(request, createInfo(request, remoteAddr.hostname, isSecure));
  const listen = { hostname, port, signal: cutOff.signal, onListen() {}, onError: () => emptyAnswer(500), ...tls };
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(listen, handle);
  } catch (error) {
    throw listenError(options, error);
  }
  const { addr, finished } = server;
  return {
    url: `${isSecure ? "https" : "http"}://${hostOf(hostname)}:${addr.port}`,
    port: addr.port,
    finished,
    async shutdown(graceMs) {
      const timer = setTimeout(() => cutOff.abort(), graceMs);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}

function createInfo(request: Request, remoteAddress: string, isSecure: boolean): RequestInfo {
  return { remoteAddress, isSecure, upgrade: (options) => upgrade(request, options) };
}

function upgrade(request: Request, { protocol, idleTimeoutSeconds }: UpgradeOptions = {}) {
  try {
    return Deno.upgradeWebSocket(request, {
      ...(protocol === undefined ? {} : { protocol }),
      ...(idleTimeoutSeconds === undefined ? {} : { idleTimeout: idleTimeoutSeconds }),
    });
  } catch (cause) {
    throw new FlowError("invalid_argument", "Cannot open a WebSocket: the request is no WebSocket handshake", {
      hint: "Connect with a WebSocket client (ws: or wss:).",
      cause,
    });
  }
}

function emptyAnswer(status: number): Response {
  return new Response(null, { status });
}

function hostOf(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function listenError({ hostname, port }: ListenOptions, cause: unknown): FlowError {
  const fail = (state: string, hint: string) =>
    new FlowError("unavailable", `Cannot listen on "${hostOf(hostname)}:${port}": ${state}`, { hint, cause });
  if (cause instanceof Deno.errors.AddrInUse) return fail("another program does", "Choose another --port.");
  if (cause instanceof Deno.errors.AddrNotAvailable) return fail("no such address here", "Correct --host.");
  if (cause instanceof Deno.errors.PermissionDenied) return fail("permission denied", "Choose a --port above 1023.");
  return fail(cause instanceof Error ? cause.message : String(cause), "Check --host, --port, --cert and --key.");
}
