/**
 * HTTP by `node:http`, on Deno too: unlike `Deno.serve` it can end clients that never finish a request (slow-loris) and
 * bound the number of connections, which no handler could do.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { FlowError } from "../engine/errors.ts";
import type { HttpListener, ListenOptions, RequestHandler } from "./listener.ts";
import { createRequestInfo } from "./request_info.ts";
import { WebSocketUpgrades } from "./websocket_upgrades.ts";

const DEFAULTS = { maxConnections: 2048, headersTimeoutMs: 15_000, requestTimeoutMs: 120_000 };
/** Of all headers of a request together. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How often to look for clients that take too long. */
const CHECK_MS = 2000;
/** How often to close connections that have become idle, while shutting down. */
const SWEEP_MS = 50;

/** See {@link Platform.serve}. */
export async function serve(options: ListenOptions, handler: RequestHandler): Promise<HttpListener> {
  const { hostname, port, tls } = options;
  const upgrades = new WebSocketUpgrades(handler, tls !== undefined);
  const server = createListener(options, handler);
  server.on("upgrade", (incoming, socket, head) => void upgrades.handle(incoming, socket, head));
  const finished = new Promise<void>((resolve) => server.once("close", () => resolve()));
  await listen(server, options);
  const taken = (server.address() as AddressInfo | null)?.port ?? port;
  return {
    url: `${tls === undefined ? "http" : "https"}://${hostOf(hostname)}:${taken}`,
    port: taken,
    finished,
    async shutdown(graceMs) {
      server.close();
      upgrades.close();
      const sweeping = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      const cuttingOff = setTimeout(() => {
        upgrades.terminate();
        server.closeAllConnections();
      }, graceMs);
      await finished;
      clearInterval(sweeping);
      clearTimeout(cuttingOff);
    },
  };
}

function createListener({ tls, ...options }: ListenOptions, handler: RequestHandler): Server {
  const isSecure = tls !== undefined;
  const answer = (request: Request, { incoming }: { incoming: unknown }) =>
    handler(request, createRequestInfo(incoming as IncomingMessage, isSecure));
  const onRequest = getRequestListener(answer, { overrideGlobalObjects: false, errorHandler: answerBroken }) as (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ) => void;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: options.headersTimeoutMs ?? DEFAULTS.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs ?? DEFAULTS.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, options.headersTimeoutMs ?? CHECK_MS),
  };
  const server = tls === undefined
    ? createServer(limits, onRequest)
    : createSecureServer({ ...limits, ...tls, minVersion: "TLSv1.2" }, onRequest);
  server.maxConnections = options.maxConnections ?? DEFAULTS.maxConnections;
  return server;
}

/** For requests that are too broken to have a URL, and for handlers that throw. */
function answerBroken(error: unknown): Response {
  const isRequest = error instanceof Error && error.constructor.name === "RequestError";
  return new Response(null, { status: isRequest ? 400 : 500 });
}

async function listen(server: Server, options: ListenOptions): Promise<void> {
  const { hostname, port } = options;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(options, error)));
    server.listen(port, hostname, () => resolve());
  });
}

function hostOf(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function listenError({ hostname, port }: ListenOptions, cause: Error & { code?: string }): FlowError {
  const fail = (state: string, hint: string) =>
    new FlowError("unavailable", `Cannot listen on "${hostOf(hostname)}:${port}": ${state}`, { hint, cause });
  switch (cause.code) {
    case "EADDRINUSE":
      return fail("another program does", "Choose another --port.");
    case "EADDRNOTAVAIL":
    case "EINVAL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return fail("this machine has no such address", "Correct --host.");
    case "EACCES":
      return fail("permission denied", "Choose a --port above 1023.");
    default:
      return fail(cause.message, "Check --host, --port, --cert and --key.");
  }
}
