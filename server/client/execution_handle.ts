import { type Clock, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import type { SubscribeOptions } from "../../engine/subscription.ts";
import type { Values } from "../../engine/value.ts";
import type { ExecutionResult, NodeOutputs } from "../../engine/verdict.ts";
import { readResult } from "./execution.ts";
import type { ExecutionsApi } from "./executions_api.ts";
import { Backoff, isTransient } from "./retry.ts";

/** A place behind every event: following from there brings nothing but the end. */
const BEHIND_ALL = Number.MAX_SAFE_INTEGER;

/**
 * An execution on a server.
 *
 * ```ts
 * import { connect } from "flowengine";
 *
 * const execution = await connect("http://127.0.0.1:3000").start("nightly");
 * for await (const event of execution.events()) console.log(event.seq, event.type);
 * console.log((await execution.result).status);
 * ```
 */
export class RemoteExecutionHandle<O extends Values = NodeOutputs> {
  /** Which execution this is. */
  readonly execution_id: string;
  readonly #executions: ExecutionsApi;
  readonly #patienceMs: number;
  readonly #clock: Clock = systemClock;
  readonly #ended = new AbortController();
  #result: Promise<ExecutionResult<O>> | undefined;

  /** Made by `start` and `executions.handle`. */
  constructor(executions: ExecutionsApi, executionId: string, patienceMs: number) {
    this.execution_id = executionId;
    this.#executions = executions;
    this.#patienceMs = patienceMs;
  }

  /**
   * How it ended. Asked for when it is first looked at. Rejects with `interrupted` if nobody drives the execution any
   * more, and `unavailable` if the server stays out of reach. Nobody has to await it.
   */
  get result(): Promise<ExecutionResult<O>> {
    if (this.#result === undefined) {
      this.#result = this.#waitForResult();
      this.#result.catch(() => {});
    }
    return this.#result;
  }

  /**
   * Its events from the first (or after `after`), live, to the last. A connection that breaks is made anew, without a
   * loss and without a repetition.
   */
  async *events(options: SubscribeOptions = {}): AsyncGenerator<ExecutionEvent, void, undefined> {
    for await (const event of this.#executions.events(this.execution_id, options)) {
      if (event.type === "WorkflowCompleted") this.#ended.abort();
      yield event;
    }
  }

  /** Cancels it. Answers false if it had ended. @throws {FlowError} */
  async cancel(reason = "Cancelled"): Promise<boolean> {
    return await this.#executions.cancel(this.execution_id, reason);
  }

  async #waitForResult(): Promise<ExecutionResult<O>> {
    const backoff = new Backoff(this.#clock, this.#patienceMs);
    for (;;) {
      const options = { after: BEHIND_ALL, signal: this.#ended.signal };
      if (!this.#ended.signal.aborted) {
        for await (const _ of this.#executions.events(this.execution_id, options));
      }
      const found = await this.#read();
      if (found !== undefined) return found;
      if (!(await backoff.pause(undefined))) throw interrupted(this.execution_id);
    }
  }

  /** Undefined if the execution has not ended, or the server is out of reach for a moment. */
  async #read(): Promise<ExecutionResult<O> | undefined> {
    try {
      // What the outputs are is for the caller to know, who knows the workflow.
      return readResult(await this.#executions.get(this.execution_id)) as ExecutionResult<O> | undefined;
    } catch (error) {
      if (isTransient(error)) return undefined;
      throw error;
    }
  }
}

function interrupted(executionId: string): FlowError {
  return new FlowError("interrupted", `Execution "${executionId}" was interrupted: nobody drives it`, {
    hint: `Resume it with "flow resume ${executionId}".`,
  });
}
