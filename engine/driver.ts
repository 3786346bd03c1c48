/**
 * Runs executors: one for each execution that this engine drives, under a lease.
 *
 *   D1. Of the engines that share a store, and of the calls to one of them, at most one drives an execution. Should two
 *       ever believe that they do, the journal refuses one of them.
 *   D2. After `close` nothing runs, and nothing starts.
 *   D3. An execution is let go of when nothing of it is running any more, whatever became of it.
 */
import type { EventBus } from "./bus.ts";
import { NodeCache } from "./cache.ts";
import type { Caller } from "./calls.ts";
import type { Clock } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { FlowError } from "./errors.ts";
import type { EventBody } from "./events.ts";
import { Executor } from "./executor.ts";
import { type ExecutionGate, Passage } from "./gate.ts";
import { Leases } from "./leases.ts";
import type { CallRequest } from "./node.ts";
import type { PreparedWorkflow } from "./prepare.ts";
import { Recorder } from "./recorder.ts";
import type { Restored } from "./restore.ts";
import type { Reuse } from "./reuse.ts";
import type { NodeRegistry } from "./registry.ts";
import { readEnv } from "./scope.ts";
import type { ExecutionState } from "./state.ts";
import type { Awaitable, ExecutionRecord, Store } from "./store.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";

/** What a driver works with. */
export interface DriverOptions {
  store: Store;
  clock: Clock;
  bus: EventBus;
  /** Names this process in leases. */
  owner: string;
  dispatcher: Dispatcher;
  registry: NodeRegistry;
  /** 0 <= x < 1; for jitter. */
  random: () => number;
  /** Runs a workflow for a node. */
  call(caller: Caller, request: CallRequest, place: number): Promise<ExecutionResult<Values>>;
  /** The environment variables that expressions may ask for. */
  env: (name: string) => string | undefined;
  /** Default: all run at once. */
  gate?: ExecutionGate | undefined;
}

/** From where an execution is to be driven. */
export interface Drive {
  prepared: PreparedWorkflow;
  state: ExecutionState;
  restored?: Restored;
  reuse?: Reuse | undefined;
  /** Why it is to be cancelled before anything starts. */
  cancelReason?: string | undefined;
}

/** An execution that is being driven. */
export interface Driven {
  readonly result: Promise<ExecutionResult<Values>>;
  cancel(reason: string): void;
  mask(text: string): string;
}

interface Live {
  state: ExecutionState;
  result: Promise<ExecutionResult<Values>>;
  cancel(reason: string): void;
  suspend(error: FlowError): void;
}

export class Driver {
  readonly #options: DriverOptions;
  readonly #leases: Leases;
  readonly #live = new Map<string, Live>();
  /** Executions that are live, about to be, or not let go of yet. */
  readonly #claimed = new Set<string>();
  #isClosed = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#leases = new Leases(options.store, options.clock, options.owner);
  }

  /** @throws {FlowError} `unavailable` after `close` */
  checkOpen(): void {
    if (this.#isClosed) throw new FlowError("unavailable", "Cannot run an execution: the engine is closed");
  }

  /** The state, kept up to date, of an execution that is driven here. */
  find(executionId: string): ExecutionState | undefined {
    return this.#live.get(executionId)?.state;
  }

  /** Cancels an execution that is driven here and will be to its end. */
  cancel(executionId: string, reason: string): boolean {
    const live = this.#live.get(executionId);
    if (live === undefined || this.#isClosed) return false;
    live.cancel(reason);
    return true;
  }

  /** Ends what runs of an execution that is driven here, and leaves it to be resumed. */
  suspend(executionId: string, error: FlowError): void {
    this.#live.get(executionId)?.suspend(error);
  }

  /**
   * Creates an execution and drives it from its beginning; it shows as running from the first.
   *
   * @throws {FlowError} `conflict` if the id is taken; `unavailable` after `close`
   */
  async create(record: ExecutionRecord, drive: Drive): Promise<Driven> {
    return await this.#drive(record, () => this.#leases.create(record), () => drive);
  }

  /**
   * Drives an execution that nobody else drives; `prepare` says from where, once that can no longer change.
   *
   * @throws {FlowError} `conflict` if somebody drives it; `unavailable` after `close`
   */
  async drive(record: ExecutionRecord, prepare: () => Awaitable<Drive>): Promise<Driven> {
    const { execution_id } = record;
    const take = async () => {
      if (!(await this.#leases.acquire(execution_id))) throw isDriven(execution_id, "another");
    };
    return await this.#drive(record, take, prepare);
  }

  async #drive(
    record: ExecutionRecord,
    takeLease: () => Promise<void>,
    prepare: () => Awaitable<Drive>,
  ): Promise<Driven> {
    const { execution_id } = record;
    this.checkOpen();
    if (this.#claimed.has(execution_id)) throw isDriven(execution_id, "this");
    this.#claimed.add(execution_id);
    try {
      await takeLease();
    } catch (error) {
      // Nothing to release: what is there may be driven by another engine under the same name.
      this.#claimed.delete(execution_id);
      throw error;
    }
    try {
      const drive = await prepare();
      this.checkOpen();
      return this.#launch(record, drive);
    } catch (error) {
      await this.#letGo(execution_id);
      throw error;
    }
  }

  /** Ends all that runs and leaves unfinished executions to be resumed. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const error = new FlowError("interrupted", "The engine was closed", { hint: "Resume the execution later." });
    const running = [...this.#live.values()];
    for (const live of running) live.suspend(error);
    await Promise.allSettled(running.map(({ result }) => result));
  }

  #launch(record: ExecutionRecord, drive: Drive): Driven {
    const { execution_id } = record;
    const { state, cancelReason, prepared: { secrets } } = drive;
    const executor = this.#createExecutor(record, drive);
    const passage = new Passage(this.#options.gate, record);
    const cancel = (reason: string) => {
      executor.cancel(reason);
      passage.skip();
    };
    const suspend = (error: FlowError) => {
      executor.suspend(error);
      passage.suspend(error);
    };
    if (cancelReason !== undefined) cancel(cancelReason);
    const result = this.#run(record, executor, passage);
    // Whoever only listens must not be killed by a rejection that nobody handles.
    result.catch(() => {});
    this.#live.set(execution_id, { state, result, cancel, suspend });
    this.#leases.keep(execution_id, { onCancelRequested: cancel, onLost: suspend });
    return { result, cancel, mask: (text) => secrets?.masker.maskText(text) ?? text };
  }

  #createExecutor(record: ExecutionRecord, { prepared, state, restored, reuse }: Drive): Executor {
    const { store, clock, dispatcher } = this.#options;
    const { secrets } = prepared;
    const mask = secrets && ((body: EventBody) => secrets.maskEvent(body));
    const recorder = new Recorder({ ...this.#options, state, mask, onFailure: (error) => executor.suspend(error) });
    const executor = new Executor({
      ...this.#options,
      dispatcher: secrets?.guard(dispatcher) ?? dispatcher,
      env: readEnv(prepared.workflow, this.#options.env),
      prepared,
      inputs: record.inputs,
      recorder,
      verbose: record.verbose,
      source: record.source,
      call: (caller, request, place) => this.#options.call({ ...caller, record }, request, place),
      cache: record.no_cache ? undefined : new NodeCache(store, clock, secrets),
      ...(restored === undefined ? {} : { restored }),
      reuse,
    });
    return executor;
  }

  async #run(
    { execution_id, rerun_of }: ExecutionRecord,
    executor: Executor,
    passage: Passage,
  ): Promise<ExecutionResult<Values>> {
    // Not before `#launch` has made it known as live.
    await Promise.resolve();
    try {
      if (passage.isGuarded) {
        // What a rerun takes over is nowhere but in its first events: without them it could not be resumed.
        if (rerun_of !== undefined) await executor.begin();
        await passage.enter();
      }
      return await executor.execute();
    } finally {
      this.#live.delete(execution_id);
      await this.#letGo(execution_id);
      passage.leave();
      // Wakes up those who wait for more, now that the store says that there is none.
      this.#options.bus.publish(execution_id, []);
    }
  }

  async #letGo(executionId: string): Promise<void> {
    await this.#leases.release(executionId);
    this.#claimed.delete(executionId);
  }
}

function isDriven(executionId: string, byWhich: "this" | "another"): FlowError {
  return new FlowError("conflict", `Cannot drive execution "${executionId}": ${byWhich} process is driving it`, {
    hint: "Wait for it to end, or cancel it first.",
  });
}
