/** Where and how to listen. */
export interface ListenOptions {
  /** A name or a literal address; `0.0.0.0` and `::` are all of them. */
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** TLS: certificate chain and private key, both in PEM. */
  tls?: { cert: string; key: string } | undefined;
  /** Connections beyond these are closed at once. Default 2048. */
  maxConnections?: number | undefined;
  /** How long a client may take to send the head of a request. Default 15000. */
  headersTimeoutMs?: number | undefined;
  /** How long a client may take to send a whole request. Default 120000. */
  requestTimeoutMs?: number | undefined;
}

/** How to answer a WebSocket handshake. */
export interface UpgradeOptions {
  /** The one of the client's subprotocols to go on with. */
  protocol?: string;
  /** A peer that answers no ping for so long is gone. Default 30, 0: never. */
  idleTimeoutSeconds?: number;
  /** Longer messages from the peer close the connection. Default 65536. */
  maxMessageBytes?: number;
}

/** What a handler knows about a request besides the request itself. */
export interface RequestInfo {
  /** The address of the peer, without its port. */
  readonly remoteAddress: string;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  /**
   * Answers a WebSocket handshake: `response` has to be what the handler answers, and `socket` opens afterwards.
   * @throws {FlowError} `invalid_argument` if the request is no handshake
   */
  upgrade(options?: UpgradeOptions): { socket: WebSocket; response: Response };
}

/** Answers one request. What it throws becomes an empty answer with the status 500. */
export type RequestHandler = (request: Request, info: RequestInfo) => Response | Promise<Response>;

/** A listening HTTP server. */
export interface HttpListener {
  /** Such as `http://127.0.0.1:3000`; with the port that was really taken. */
  readonly url: string;
  readonly port: number;
  /** Resolves when nothing is served any more. */
  readonly finished: Promise<void>;
  /** Takes no more connections, lets requests end, and after `graceMs` cuts off those that are left. */
  shutdown(graceMs: number): Promise<void>;
}
