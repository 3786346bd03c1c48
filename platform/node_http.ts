import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import { readableFrom } from "./node_streams.ts";
import type { HttpConnection, SocketAddress } from "./types.ts";

/** Answers with these have no body, and `Response` refuses one (https://fetch.spec.whatwg.org/#null-body-status). */
const NULL_BODY_STATUSES: readonly (number | undefined)[] = [101, 103, 204, 205, 304];

/** See {@link Platform.openHttp}. Node's own `fetch` knows no unix sockets, and no keys of ours. */
export function openHttp(address: SocketAddress): HttpConnection {
  let opening: Promise<NodeHttp> | undefined;
  let isClosed = false;
  return {
    async fetch(path, init) {
      if (isClosed) throw new TypeError("The connection is closed");
      opening ??= openClient(address);
      return await send(await opening, path, init);
    },
    close() {
      isClosed = true;
      opening?.then(({ agent }) => agent.destroy(), () => {});
    },
  };
}

interface NodeHttp {
  agent: Agent;
  request: typeof import("node:http").request;
  options: RequestOptions;
}

async function openClient(address: SocketAddress): Promise<NodeHttp> {
  // A connection per request: one that the server has just closed would fail the next request.
  if ("path" in address) {
    const { Agent, request } = await import("node:http");
    return { agent: new Agent(), request, options: { socketPath: address.path, headers: { host: "localhost" } } };
  }
  const target = { host: address.hostname, port: address.port };
  if (address.tls === undefined) {
    const { Agent, request } = await import("node:http");
    return { agent: new Agent(), request, options: target };
  }
  const [{ tlsOptions }, { Agent, request }] = await Promise.all([import("./node_tls.ts"), import("node:https")]);
  return { agent: new Agent(), request, options: { ...target, ...tlsOptions(address) } };
}

async function send({ agent, request, options }: NodeHttp, path: string, init: RequestInit): Promise<Response> {
  const { method = "GET", signal } = init;
  signal?.throwIfAborted();
  const { body, headers } = await readBody(init);
  return await new Promise<Response>((resolve, reject) => {
    const fail = (cause: unknown) => {
      reject(signal?.aborted ? signal.reason : new TypeError("fetch failed", { cause }));
    };
    const sent = request({
      ...options,
      agent,
      path,
      method,
      headers: { ...options.headers, ...headers },
      ...(signal ? { signal } : {}),
    });
    // Errors come until the very end, also after the answer has begun.
    sent.on("error", fail);
    sent.once("response", (incoming) => resolve(toResponse(incoming)));
    sent.end(body);
  });
}

async function readBody(init: RequestInit): Promise<{ body?: Uint8Array; headers: Record<string, string> }> {
  const headers = new Headers(init.headers);
  if (init.body === undefined || init.body === null) return { headers: Object.fromEntries(headers) };
  const answer = new Response(init.body);
  const type = answer.headers.get("content-type");
  if (type !== null && !headers.has("content-type")) headers.set("content-type", type);
  const body = init.body instanceof Uint8Array ? init.body : new Uint8Array(await answer.arrayBuffer());
  headers.set("content-length", String(body.length));
  return { body, headers: Object.fromEntries(headers) };
}

function toResponse(incoming: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = incoming;
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  const hasBody = !NULL_BODY_STATUSES.includes(status);
  if (!hasBody) incoming.resume();
  return new Response(hasBody ? readableFrom(incoming) : null, { status, statusText, headers });
}
