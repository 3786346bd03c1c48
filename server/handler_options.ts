import type { Engine } from "../engine/engine.ts";
import type { Awaitable } from "../engine/store.ts";
import type { Principal } from "./ports.ts";
import type { UpgradeWebSocket } from "./request_origin.ts";

/** Says who sends a request; undefined: nobody who may. */
export type Authenticate = (
  request: Request,
  info: { remoteAddress: string },
) => Awaitable<Principal | undefined>;

/** How to serve an engine. */
export interface HandlerOptions {
  /** What runs the workflows. It stays yours to close, after the handler. */
  engine: Engine;
  /** Says who sends a request. It has to be there: whoever may run workflows may run commands on this machine. */
  authenticate: Authenticate;
  /** The path that the handler is mounted at, such as `/flow`. Default: the root. */
  basePath?: string;
  /** Names in the Host header besides localhost and literal addresses; `*` is any. Default: none. */
  allowedHosts?: readonly string[];
  /** Origins of other sites whose pages may use the API, such as `https://example.com`. Default: none. */
  allowedOrigins?: readonly string[];
  /** Larger bodies are refused. Default: 16 MiB. */
  maxBodyBytes?: number;
  /** Absolute path of the folder in which nodes work. Default: the current one. */
  workdir?: string;
  /** Opens WebSockets, such as `Deno.upgradeWebSocket`. Default: events come in bodies of answers alone. */
  upgrade?: UpgradeWebSocket;
  /** Told about errors that clients are not told about. Default: `console.error`. */
  onInternalError?: (error: unknown, requestId: string) => void;
}

/** A server as a function, for whatever calls functions with requests. */
export interface FlowHandler {
  /** Answers a request; `env` is what the runtime knows besides. It needs no `this`. */
  readonly fetch: (request: Request, env?: unknown) => Promise<Response>;
  /** Ends the streams of those who follow events; what runs goes on until the engine is closed. */
  close(): void;
}
