import type { Clock } from "../engine/clock.ts";
import type { Engine } from "../engine/engine.ts";
import type { RequestInfo } from "../platform/listener.ts";
import type { LiveLimits } from "./live/streams.ts";

/** Who may do what: a viewer reads, an operator also saves and runs workflows, an admin also looks after the server. */
export type Role = "viewer" | "operator" | "admin";

/** Who sent a request. */
export interface Principal {
  /** For people, such as the name of a token. */
  name: string;
  role: Role;
}

/** Recognizes who sends a request. */
export interface Authenticator {
  /** @throws {FlowError} `unauthenticated` without a valid token where one is needed */
  authenticate(request: Request, info: RequestInfo): Promise<Principal>;
}

/** What the server puts up with. */
export interface ServerLimits {
  /** Of a request body. */
  maxBodyBytes: number;
  /** Of clients that follow events. */
  live?: Partial<LiveLimits>;
}

/** Everything that the server works with; `flow serve` brings it along, and so can any other program. */
export interface ServerPorts {
  /** With its store and its registry. */
  engine: Engine;
  clock: Clock;
  version: string;
  auth: Authenticator;
  limits: ServerLimits;
  /** Absolute path of the folder in which nodes work. */
  workdir: string;
  /** Aborts when the server is about to end: streams that never end by themselves should. */
  closing: AbortSignal;
  /** Told about errors that clients are not told about. */
  onInternalError(error: unknown, requestId: string): void;
}
