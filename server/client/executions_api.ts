import { systemClock } from "../../engine/clock.ts";
import { encodePlain } from "../../engine/encode_document.ts";
import { FlowError } from "../../engine/errors.ts";
import { parseEvent } from "../../engine/event_text.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import type { Explanation } from "../../engine/explain.ts";
import type { RerunPlan } from "../../engine/rerun.ts";
import type { EventQuery, ExecutionFilter, ExecutionSummary } from "../../engine/store.ts";
import type { SubscribeOptions } from "../../engine/subscription.ts";
import { fromWire, type Json, type Values } from "../../engine/value.ts";
import type { NodeOutputs } from "../../engine/verdict.ts";
import { type ExecutionAnswer, readExecution, type RemoteExecution } from "./execution.ts";
import { RemoteExecutionHandle } from "./execution_handle.ts";
import { followEvents } from "./follow_events.ts";
import type { HttpCall, HttpClient } from "./http.ts";
import type { RequestOptions } from "./options.ts";
import { Backoff, isTransient } from "./retry.ts";

/** Executions that a page has at most. */
const MAX_PAGE = 200;
/** Whoever starts something wants to know soon that there is no server. */
const START_PATIENCE_MS = 300;

/** How to start an execution on a server. */
export interface RemoteStartOptions extends RequestOptions {
  /** Default `{}`. */
  inputs?: Values | undefined;
  /** Nodes put out every line. Default false. */
  verbose?: boolean | undefined;
  /** Overrides `settings.max_execution_time_ms`. */
  timeoutMs?: number | undefined;
  /** Whether nodes with `cache` may take earlier results. Default true. */
  useCache?: boolean | undefined;
}

/** What a rerun on a server runs again, and with what. */
export interface RemoteRerunOptions extends RemoteStartOptions {
  /** This node and everything behind it. */
  from?: string | undefined;
  /** This node alone. */
  only?: string | undefined;
  /** Another version of the document. */
  workflow?: unknown;
}

/** What a rerun would do, and why. */
export type RemoteRerunPlan = Omit<RerunPlan, "workflow">;

/**
 * The executions of a server.
 *
 * ```ts
 * import { connect } from "flowengine";
 *
 * const { executions } = connect("http://127.0.0.1:3000");
 * for (const { execution_id, status } of await executions.list({ limit: 10 })) console.log(execution_id, status);
 * ```
 */
export class ExecutionsApi {
  readonly #http: HttpClient;
  readonly #patienceMs: number;

  /** Made by `connect`. */
  constructor(http: HttpClient, patienceMs: number) {
    this.#http = http;
    this.#patienceMs = patienceMs;
  }

  /** The newest first; 50 unless `limit` says otherwise. */
  async list(filter: ExecutionFilter = {}, { signal }: RequestOptions = {}): Promise<ExecutionSummary[]> {
    const { limit = 50, source: _, after, ...query } = filter as ExecutionFilter & { after?: string };
    const found: ExecutionSummary[] = [];
    for (let cursor = after; found.length < limit;) {
      const page = await this.#http.json<{ executions: ExecutionSummary[]; next_cursor?: string }>({
        path: "/api/executions",
        query: { ...query, limit: Math.min(limit - found.length, MAX_PAGE), cursor },
        signal,
      });
      found.push(...page.executions);
      cursor = page.next_cursor;
      if (cursor === undefined) break;
    }
    return found;
  }

  /** Where an execution stands. @throws {FlowError} `not_found` */
  async get(
    executionId: string,
    { signal, include }: RequestOptions & { include?: "workflow" } = {},
  ): Promise<RemoteExecution> {
    return readExecution(
      await this.#http.json<ExecutionAnswer>({ path: pathOf(executionId), query: { include }, signal }),
    );
  }

  /** A handle of an execution that was started earlier. */
  handle<O extends Values = NodeOutputs>(executionId: string): RemoteExecutionHandle<O> {
    return new RemoteExecutionHandle<O>(this, executionId, this.#patienceMs);
  }

  /** Starts a saved workflow (by its id) or a document, once, also if the connection breaks meanwhile. */
  async start(workflow: unknown, options: RemoteStartOptions = {}): Promise<string> {
    const which = typeof workflow === "string" ? { workflow_id: workflow } : { workflow };
    const call: HttpCall = {
      method: "POST",
      path: "/api/executions",
      // With the same key, several requests start one execution.
      headers: { "Idempotency-Key": crypto.randomUUID() },
      body: { ...which, ...encodeOptions(options) },
      signal: options.signal,
    };
    const backoff = new Backoff(systemClock, START_PATIENCE_MS);
    for (;;) {
      try {
        return (await this.#http.json<{ execution_id: string }>(call)).execution_id;
      } catch (error) {
        if (!isTransient(error) || !(await backoff.pause(options.signal))) throw error;
      }
    }
  }

  /** Asks for an execution to be cancelled. @throws {FlowError} `not_found`, `conflict` if it has ended */
  async requestCancel(executionId: string, reason = "Cancelled", { signal }: RequestOptions = {}): Promise<void> {
    await this.#http.json({ method: "POST", path: `${pathOf(executionId)}/cancel`, body: { reason }, signal });
  }

  /** The same, but answers false if it has ended. @throws {FlowError} `not_found` */
  async cancel(executionId: string, reason = "Cancelled", options: RequestOptions = {}): Promise<boolean> {
    try {
      await this.requestCancel(executionId, reason, options);
      return true;
    } catch (error) {
      if (error instanceof FlowError && error.code === "conflict") return false;
      throw error;
    }
  }

  /** Goes on with an interrupted execution. @throws {FlowError} `not_found`, `conflict` */
  async resume(executionId: string, { signal }: RequestOptions = {}): Promise<RemoteExecutionHandle> {
    await this.#http.json({ method: "POST", path: `${pathOf(executionId)}/resume`, signal });
    return this.handle(executionId);
  }

  /** Starts a new execution that reuses what an earlier one has done. */
  async rerun(executionId: string, options: RemoteRerunOptions = {}): Promise<RemoteExecutionHandle> {
    const { execution_id } = await this.#http.json<{ execution_id: string }>(
      this.#rerunCall(executionId, options, false),
    );
    return this.handle(execution_id);
  }

  /** What {@link rerun} with the same options would do. */
  async planRerun(executionId: string, options: RemoteRerunOptions = {}): Promise<RemoteRerunPlan> {
    const { inputs, ...plan } = await this.#http.json<RemoteRerunPlan & { inputs: Json }>(
      this.#rerunCall(executionId, options, true),
    );
    return { ...plan, inputs: fromWire(inputs) as Values };
  }

  /** Why it went as it did. */
  async explain(executionId: string, { signal }: RequestOptions = {}): Promise<Explanation> {
    return fromWire(await this.#http.json<Json>({ path: `${pathOf(executionId)}/explain`, signal })) as never;
  }

  /** Its events, live, to the end; @see RemoteExecutionHandle.events */
  events(executionId: string, options: SubscribeOptions = {}): AsyncGenerator<ExecutionEvent, void, undefined> {
    return followEvents({ http: this.#http, patienceMs: this.#patienceMs }, executionId, options);
  }

  /** A page of the journal; only an empty one is the end. */
  async readEvents(
    executionId: string,
    query: EventQuery = {},
    options: RequestOptions = {},
  ): Promise<ExecutionEvent[]> {
    const { text } = await this.#http.read({
      path: `${pathOf(executionId)}/events`,
      query: { ...query, follow: false },
      headers: { Accept: "application/x-ndjson" },
      signal: options.signal,
    });
    return text.split("\n").filter((line) => line !== "").map(parseEvent);
  }

  #rerunCall(executionId: string, { from, only, workflow, ...options }: RemoteRerunOptions, dry_run: boolean) {
    return {
      method: "POST" as const,
      path: `${pathOf(executionId)}/rerun`,
      query: { dry_run },
      body: { from, only, workflow, ...encodeOptions(options) },
      signal: options.signal,
    };
  }
}

function encodeOptions({ inputs, verbose, timeoutMs, useCache }: RemoteStartOptions) {
  return {
    ...(inputs === undefined ? {} : { inputs: encodeInputs(inputs) }),
    ...(verbose === undefined ? {} : { verbose }),
    ...(timeoutMs === undefined ? {} : { timeout_ms: Math.ceil(timeoutMs) }),
    ...(useCache === false ? { no_cache: true } : {}),
  };
}

/** The names of inputs are no part of a value: one may be called "type". */
function encodeInputs(inputs: Values): Record<string, Json> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, encodePlain(value)]));
}

function pathOf(executionId: string): string {
  return `/api/executions/${encodeURIComponent(executionId)}`;
}
