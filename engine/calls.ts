/**
 * Executions that nodes start: each is one of its own, linked to the attempt that called it.
 *
 *   C1. A call has the same id for as long as its attempt is made again because it was cut off. So a resumed node finds
 *       the execution that it had started, and goes on with it; a retried one starts another.
 *   C2. A call settles when nothing of its execution is running here any more.
 *   C3. What ends the caller ends what it called: a cancel cancels it, a shutdown leaves it to be resumed too.
 */
import { abortError, type Clock, sleep } from "./clock.ts";
import type { ExecutionHandle, StartOptions } from "./engine_options.ts";
import { FlowError } from "./errors.ts";
import type { ExecutionEvent } from "./events.ts";
import { nameToId } from "./id.ts";
import type { CallRequest } from "./node.ts";
import { parseWorkflow } from "./parse.ts";
import { readResult } from "./past_execution.ts";
import type { NodeRegistry } from "./registry.ts";
import type { CalledBy, ExecutionRecord, Store } from "./store.ts";
import type { SubscribeOptions } from "./subscription.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";
import type { Workflow } from "./workflow.ts";

/** How deep calls may be nested: more is a workflow that calls itself without end. */
export const MAX_CALL_DEPTH = 16;

/** How long to wait before looking again whether an execution can be taken over from its driver. */
const LOOK_AGAIN_MS = 500;

/** The attempt that calls. */
export interface Caller {
  readonly record: ExecutionRecord;
  readonly node_id: string;
  readonly index: number | undefined;
  /** The same for an attempt and those that repeat it because it was cut off. */
  readonly turn: string;
  readonly signal: AbortSignal;
}

/** What calls work with: the engine. */
export interface CallsOptions {
  readonly store: Store;
  readonly registry: NodeRegistry;
  readonly clock: Clock;
  start(workflow: Workflow, options: StartOptions, called_by: CalledBy): Promise<ExecutionHandle<Values>>;
  resume(executionId: string): Promise<ExecutionHandle<Values>>;
  suspend(executionId: string, error: FlowError): void;
  subscribe(executionId: string, options: SubscribeOptions): AsyncIterable<ExecutionEvent>;
}

export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Runs a workflow to its end. `place`: which call of its attempt it is, from 0. */
  async run(caller: Caller, request: CallRequest, place: number): Promise<ExecutionResult<Values>> {
    const { execution_id, called_by } = caller.record;
    const depth = (called_by?.depth ?? 0) + 1;
    if (depth > MAX_CALL_DEPTH) {
      throw new FlowError("node_failed", `Cannot call a workflow: calls are nested ${MAX_CALL_DEPTH} deep already`, {
        hint: "Check whether workflows call each other without end.",
        retryable: false,
      });
    }
    caller.signal.throwIfAborted();
    const id = nameToId(JSON.stringify(["call", execution_id, caller.node_id, caller.index ?? 0, caller.turn, place]));
    request.onStart?.(id);
    const { store, clock } = this.#options;
    if (await store.getSummary(id, clock.now()) !== undefined) return await this.#goOn(caller, id);
    const { index } = caller;
    const link = { execution_id, node_id: caller.node_id, ...(index === undefined ? {} : { index }), depth };
    return await this.#await(caller, await this.#start(caller, request, id, link));
  }

  async #start(caller: Caller, request: CallRequest, id: string, link: CalledBy): Promise<ExecutionHandle<Values>> {
    const { verbose, no_cache, workdir } = caller.record;
    const { workflow, source } = await this.#load(request);
    const options: StartOptions = {
      inputs: pickInputs(workflow, request),
      execution_id: id,
      verbose,
      useCache: no_cache === undefined,
      ...(workdir === undefined ? {} : { workdir }),
      ...(source === undefined ? {} : { source }),
    };
    return await this.#options.start(workflow, options, link);
  }

  async #load(request: CallRequest): Promise<{ workflow: Workflow; source?: string }> {
    const { registry, store } = this.#options;
    if ("document" in request) {
      const { document, filename } = request;
      const workflow = await parseWorkflow(document, { registry, ...(filename === undefined ? {} : { filename }) });
      return filename === undefined ? { workflow } : { workflow, source: filename };
    }
    const saved = await store.loadWorkflow(request.workflow_id, request.version);
    if (saved !== undefined) return { workflow: saved.workflow };
    const version = request.version === undefined ? "" : ` in version ${request.version}`;
    throw new FlowError("not_found", `No saved workflow has the id "${request.workflow_id}"${version}`, {
      hint: "Save it first, or call it by its file.",
    });
  }

  /** Goes on with an execution that an attempt before this one has started. */
  async #goOn(caller: Caller, id: string): Promise<ExecutionResult<Values>> {
    const { store, clock, resume } = this.#options;
    for (;;) {
      const summary = await store.getSummary(id, clock.now());
      if (summary?.ended_at !== undefined) return await readResult(store, await this.#recordOf(id));
      try {
        return await this.#await(caller, await resume(id));
      } catch (error) {
        if (!(error instanceof FlowError) || error.code !== "conflict") throw error;
      }
      await this.#follow(caller, id);
    }
  }

  async #recordOf(id: string): Promise<ExecutionRecord> {
    const record = await this.#options.store.getRecord(id);
    if (record !== undefined) return record;
    throw new FlowError("not_found", `Cannot go on with execution "${id}": it has been deleted`);
  }

  /** Waits for an execution that somebody else drives, to its end or to that of its driver. */
  async #follow({ signal }: Caller, id: string): Promise<void> {
    const { store, clock, subscribe } = this.#options;
    try {
      for await (const _ of subscribe(id, { signal })) { /* Only the end matters. */ }
      await sleep(clock, LOOK_AGAIN_MS, signal);
    } finally {
      if (signal.aborted && isCancel(signal)) await store.requestCancel(id, abortError(signal).message);
      signal.throwIfAborted();
    }
  }

  async #await({ signal }: Caller, handle: ExecutionHandle<Values>): Promise<ExecutionResult<Values>> {
    const onAbort = () => {
      const error = abortError(signal);
      if (isCancel(signal)) handle.cancel(error.message);
      else this.#options.suspend(handle.execution_id, error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await handle.result;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}

/** Whether the caller is ended for good, and not left to be resumed. */
function isCancel(signal: AbortSignal): boolean {
  const { code } = abortError(signal);
  return code === "cancelled" || code === "timeout";
}

function pickInputs({ inputs: declared }: Workflow, { inputs, required }: CallRequest): Values {
  if (declared === undefined || required === undefined) return inputs;
  const isWanted = ([name]: [string, unknown]) => Object.hasOwn(declared, name) || required.includes(name);
  return Object.fromEntries(Object.entries(inputs).filter(isWanted));
}
