import type { Clock } from "../engine/clock.ts";
import type { Engine } from "../engine/engine.ts";
import type { Awaitable, ExecutionRecord } from "../engine/store.ts";
import type { RequestInfo } from "../platform/listener.ts";
import type { LiveLimits } from "./live/streams.ts";

/** Who may do what: a viewer reads, an operator also saves and runs workflows, an admin also looks after the server. */
export type Role = "viewer" | "operator" | "admin";

/** Who sent a request. */
export interface Principal {
  /** Unlike that of any other client. */
  id: string;
  /** For people, such as the name of a token. */
  name: string;
  /** What they may do. */
  role: Role;
}

/** Recognizes who sends a request. */
export interface Authenticator {
  /** @throws {FlowError} `unauthenticated` without a valid token where one is needed; `rate_limited` */
  authenticate(request: Request, info: RequestInfo): Promise<Principal>;
}

/** Where executions are started: the engine itself, or a queue in front of it. */
export type Admission = Pick<Engine, "start" | "resume" | "rerun">;

/** Why an execution does not run yet. */
export interface QueuedExecution {
  execution_id: string;
  workflow_id: string;
  /** From 1: its place among all that wait, if nothing comes in between. */
  position: number;
  /** For people. */
  reason: string;
}

/** The executions that wait until they may run. */
export interface WaitingLine {
  /** How many run; what nodes have called does not count. */
  readonly running: number;
  readonly waiting: number;
  /** Why an execution does not run yet; undefined if it does not wait. */
  find(record: ExecutionRecord): QueuedExecution | undefined;
  /** Those that wait, in the order in which they will run if nothing comes in between. */
  list(limit: number): QueuedExecution[];
}

/** A request whose answer is ready. */
export interface AnsweredRequest {
  id: string;
  /** `OTHER` for what is no method of HTTP. */
  method: string;
  /** The path as it is documented, such as `/api/executions/{id}`; `none` if there is no such route. */
  route: string;
  status: number;
  /** Until the head of the answer was ready. */
  durationMs: number;
  /** The name of who has sent it, if that is known. */
  principal: string | undefined;
  address: string;
  executionId: string | undefined;
}

/** Told of every request. Must not throw. */
export interface RequestObserver {
  onAnswered(request: AnsweredRequest): void;
}

/** Makes traces of executions. */
export interface TracesPort {
  /** Puts an execution that is about to start beneath the span that a request's header `traceparent` names. */
  continueFrom(executionId: string, traceparent: string | undefined): void;
}

/** What `/metrics` answers. */
export interface MetricsPort {
  /** In the text format of Prometheus. */
  render(): string;
  /** Says how to count the clients that follow events. */
  watchClients(count: () => number): void;
}

/** A request that may come twice. */
export interface KeyedRequest {
  /** What the client calls it; one client's keys are nobody else's. */
  key: string;
  client: string;
  /** SHA-256 of all that it asks for, in hexadecimal. */
  hash: string;
  execution_id: string;
}

/** Remembers requests with an idempotency key for a day. */
export interface IdempotencyStore {
  /** Remembers the request unless its key is known; answers what is known of the key afterwards. */
  claim(request: KeyedRequest, now: number): Awaitable<{ hash: string; execution_id: string; isNew: boolean }>;
  /** Forgets a key, because nothing came of its request. */
  release(client: string, key: string): Awaitable<void>;
}

/** One change that somebody made, or tried to make. */
export interface AuditEntry {
  /** RFC 3339. */
  at: string;
  /** Who: the name of the token, and its role. */
  actor: string;
  role: Role;
  address: string;
  /** What: the method and the path. */
  action: string;
  /** The HTTP status that it was answered with. */
  status: number;
  request_id: string;
}

/** Remembers who changed what. */
export interface AuditLog {
  add(entry: AuditEntry): Awaitable<void>;
  /** The newest first; `before` is the `id` of the last one of the page before. */
  list(query: { before?: number | undefined; limit: number }): Awaitable<(AuditEntry & { id: number })[]>;
}

/** What the server puts up with. */
export interface ServerLimits {
  /** Of a request body. */
  maxBodyBytes: number;
  /** Of clients that follow events. */
  live?: Partial<LiveLimits>;
}

/** Which names and origins the server answers to. */
export interface AccessRules {
  /** Names in the Host header besides localhost and literal addresses; `*` is any. */
  allowedHosts: readonly string[];
  /** Origins of other sites whose scripts may use the API, such as `https://example.com`. */
  allowedOrigins: readonly string[];
}

/** Everything that the server works with; `flow serve` brings it along, and so can any other program. */
export interface ServerPorts {
  /** With its store and its registry. */
  engine: Engine;
  admission: Admission;
  /** Who waits; default: nobody ever does. */
  queue?: WaitingLine;
  clock: Clock;
  version: string;
  auth: Authenticator;
  access: AccessRules;
  limits: ServerLimits;
  idempotency: IdempotencyStore;
  audit: AuditLog;
  /** Default: nothing is measured. */
  metrics?: MetricsPort;
  /** Default: nothing is traced. */
  traces?: TracesPort | undefined;
  observers?: readonly RequestObserver[];
  /** Rejects if nothing can be written to the database. Default: it always can. */
  checkWritable?: () => Awaitable<void>;
  /** Absolute path of the folder in which nodes work. */
  workdir: string;
  /** The path that the server is mounted at, without a slash at its end. Default: the root. */
  basePath?: string;
  /** Aborts when the server is about to end: streams that never end by themselves should. */
  closing: AbortSignal;
  /** Told about errors that clients are not told about. */
  onInternalError(error: unknown, requestId: string): void;
}
