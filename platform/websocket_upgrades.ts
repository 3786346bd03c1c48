import { type IncomingMessage, STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
// @ts-types="@types/ws"
import { type WebSocket as ServerSocket, WebSocketServer } from "ws";
import type { RequestHandler, RequestInfo, UpgradeOptions } from "./listener.ts";
import { createRequestInfo, refuseUpgrade } from "./request_info.ts";

const DEFAULT_IDLE_SECONDS = 30;
const DEFAULT_MESSAGE_BYTES = 65_536;
/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const GOING_AWAY = 1001;

/** A handshake that is being handled. */
interface Handshake {
  incoming: IncomingMessage;
  socket: Duplex;
  head: Uint8Array;
}

/** Hands requests that want another protocol to the handler too, and opens WebSockets for it. */
export class WebSocketUpgrades {
  readonly #handler: RequestHandler;
  readonly #isSecure: boolean;
  readonly #open = new Set<ServerSocket>();

  constructor(handler: RequestHandler, isSecure: boolean) {
    this.#handler = handler;
    this.#isSecure = isSecure;
  }

  /** Never rejects. */
  async handle(incoming: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    // Until a WebSocket or a pipeline takes it over nobody else listens, and an error would end the program.
    socket.on("error", () => socket.destroy());
    try {
      let opened: ServerSocket | undefined;
      const upgrade: RequestInfo["upgrade"] = (options = {}) => {
        opened = this.#upgrade({ incoming, socket, head }, options);
        return { socket: opened as unknown as WebSocket, response: new Response(null) };
      };
      const request = toRequest(incoming, this.#isSecure);
      const response = request === undefined
        ? new Response(null, { status: 400 })
        : await this.#handler(request, createRequestInfo(incoming, this.#isSecure, upgrade));
      if (opened === undefined) return await answer(socket, response);
      // Listeners that the handler has added hear of it as they would in a browser.
      if (response.ok) opened.emit("open");
      else opened.terminate();
    } catch {
      socket.destroy();
    }
  }

  /** Says goodbye to all peers. */
  close(): void {
    for (const socket of this.#open) socket.close(GOING_AWAY, "The server is shutting down");
  }

  /** Ends what has not said goodbye. */
  terminate(): void {
    for (const socket of this.#open) socket.terminate();
  }

  #upgrade({ incoming, socket, head }: Handshake, options: UpgradeOptions): ServerSocket {
    const { protocol, idleTimeoutSeconds = DEFAULT_IDLE_SECONDS, maxMessageBytes = DEFAULT_MESSAGE_BYTES } = options;
    checkHandshake(incoming);
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: () => protocol ?? false,
    });
    let opened: ServerSocket | undefined;
    server.handleUpgrade(incoming, socket, head as never, (it) => opened = it);
    return opened === undefined ? refuseUpgrade() : this.#track(opened, idleTimeoutSeconds * 1000);
  }

  #track(socket: ServerSocket, idleMs: number): ServerSocket {
    this.#open.add(socket);
    const stopPinging = idleMs > 0 ? keepAlive(socket, idleMs) : () => {};
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      stopPinging();
      this.#open.delete(socket);
    });
    return socket;
  }
}

/** Ends a connection whose peer answers no ping. */
function keepAlive(socket: ServerSocket, idleMs: number): () => void {
  let isAlive = true;
  socket.on("pong", () => isAlive = true);
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, idleMs / 2);
  return () => clearInterval(timer);
}

function checkHandshake({ method, headers }: IncomingMessage): void {
  const isHandshake = method === "GET" && headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" && /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");
  if (!isHandshake) refuseUpgrade();
}

/** Undefined if it cannot be answered: a body would be in the socket, where nobody reads it. */
function toRequest({ method = "GET", url = "/", headers }: IncomingMessage, isSecure: boolean): Request | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  const target = `${isSecure ? "https" : "http"}://${headers.host ?? ""}${url}`;
  if (!url.startsWith("/") || !URL.canParse(target)) return undefined;
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((text): [string, string] => [name, text])
  );
  return new Request(target, { method, headers: pairs });
}

/** Answers without a protocol of its own: the connection ends with the answer. */
async function answer(socket: Duplex, { status, headers, body }: Response): Promise<void> {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  socket.write(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n`);
  if (body === null) socket.end();
  else await pipeline(Readable.fromWeb(body as never), socket);
}
