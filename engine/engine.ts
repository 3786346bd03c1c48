import { createLocalDispatcher } from "./attempt.ts";
import { EventBus } from "./bus.ts";
import { NodeCache } from "./cache.ts";
import { checkInputs } from "./check_inputs.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { FlowError } from "./errors.ts";
import type { EngineOptions, ExecutionHandle, StartOptions } from "./engine_options.ts";
import type { ExecutionEvent } from "./events.ts";
import { Executor } from "./executor.ts";
import { foldExecution, readOutputs } from "./fold.ts";
import { createId } from "./id.ts";
import { WorkflowError } from "./issue.ts";
import { Leases } from "./leases.ts";
import type { Reuse } from "./ledger.ts";
import { MemoryStore } from "./memory_store.ts";
import type { NodeDefinition } from "./node.ts";
import { type PreparedWorkflow, prepareWorkflow } from "./prepare.ts";
import { Recorder } from "./recorder.ts";
import { NodeRegistry } from "./registry.ts";
import { planRerun, type RerunOptions, type RerunPlan } from "./rerun.ts";
import { createState, type ExecutionState } from "./state.ts";
import type { ExecutionRecord, Store } from "./store.ts";
import { checkHasBegun, checkResumable, findResumePoint } from "./resume.ts";
import { subscribe, type SubscribeOptions } from "./subscription.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";
import type { Workflow } from "./workflow.ts";

interface Drive {
  prepared: PreparedWorkflow;
  state: ExecutionState;
  restored?: ReadonlyMap<string, Values>;
  reuse?: Reuse | undefined;
  /** Why it is to be cancelled before anything starts. */
  cancelReason?: string | undefined;
}

interface Live {
  executor: Executor;
  state: ExecutionState;
  done: Promise<unknown>;
}

/** The only way to run anything: starts, resumes, reruns, cancels and watches executions. */
export class Engine {
  readonly registry: NodeRegistry;
  readonly store: Store;
  readonly #clock: Clock;
  readonly #options: EngineOptions;
  readonly #owner: string;
  readonly #dispatcher: Dispatcher;
  readonly #bus = new EventBus();
  readonly #leases: Leases;
  readonly #live = new Map<string, Live>();
  #isClosed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.registry = options.registry;
    this.store = options.store ?? new MemoryStore();
    this.#clock = options.clock ?? systemClock;
    this.#owner = options.owner ?? createId(this.#clock.now());
    this.#dispatcher = options.dispatcher ?? createLocalDispatcher(this.#clock);
    this.#leases = new Leases(this.store, this.#clock, this.#owner);
  }

  /**
   * Starts an execution of a checked workflow.
   *
   * @throws {WorkflowError} `invalid_workflow` if it does not fit the registry or the inputs do not fit it.
   * @throws {FlowError} `conflict` if `execution_id` is taken.
   */
  async start(workflow: Workflow, options: StartOptions = {}): Promise<ExecutionHandle> {
    const { timeoutMs, execution_id = createId(this.#clock.now()) } = options;
    const limited = timeoutMs === undefined ? workflow : withTimeLimit(workflow, timeoutMs);
    const prepared = this.#prepare(limited, options.inputs ?? {});
    const record = this.#createRecord(execution_id, limited, options);
    await this.store.createExecution(record);
    return await this.#acquireAndDrive(record, { prepared, state: createState(execution_id) });
  }

  /**
   * Goes on with an execution whose engine is gone: what has completed stays, what was cut off runs again. If it was
   * asked to cancel meanwhile, it ends without anything being started.
   *
   * @throws {FlowError} `not_found`; `conflict` if it has ended or another process drives it.
   */
  async resume(executionId: string): Promise<ExecutionHandle> {
    const record = await this.#getRecord(executionId);
    checkResumable(await this.store.getSummary(executionId, this.#clock.now()));
    await this.releaseDeadOwners();
    await this.#acquire(executionId);
    try {
      const prepared = this.#prepare(record.workflow, record.inputs);
      const point = await findResumePoint(this.store, executionId, prepared, this.#options.endLeftover);
      const cancelReason = await this.store.cancelRequested(executionId);
      if (cancelReason === undefined) checkHasBegun(record, point.state);
      return this.#drive(record, { prepared, ...point, cancelReason });
    } catch (error) {
      await this.#leases.release(executionId);
      throw error;
    }
  }

  /**
   * Ends the leases of processes that are known to be gone, so that their executions show as interrupted at once.
   * Answers those executions.
   */
  async releaseDeadOwners(): Promise<string[]> {
    const { isOwnerGone } = this.#options;
    if (isOwnerGone === undefined) return [];
    const leases = await this.store.listLeases(this.#clock.now());
    const dead = leases.filter(({ owner }) => owner !== this.#owner && isOwnerGone(owner));
    for (const { execution_id, owner } of dead) await this.store.releaseLease(execution_id, owner);
    return dead.map(({ execution_id }) => execution_id);
  }

  /** What `rerun` with the same options would run again, and why. @throws {FlowError} `not_found`, `invalid_argument` */
  async planRerun(executionId: string, options: RerunOptions = {}): Promise<RerunPlan> {
    const record = await this.#getRecord(executionId);
    const workflow = options.workflow ?? record.workflow;
    const prepared = this.#prepare(workflow, options.inputs ?? record.inputs);
    return planRerun(record, await foldExecution(this.store, executionId), prepared, options);
  }

  /** Starts a new execution that takes over what the plan reuses. */
  async rerun(plan: RerunPlan, options: Omit<StartOptions, "inputs"> = {}): Promise<ExecutionHandle> {
    const { timeoutMs, execution_id = createId(this.#clock.now()) } = options;
    const workflow = timeoutMs === undefined ? plan.workflow : withTimeLimit(plan.workflow, timeoutMs);
    const reused = new Set(plan.nodes.filter((node) => node.action === "reuse").map((node) => node.node_id));
    const skip = new Set(plan.nodes.filter((node) => node.action === "skip").map((node) => node.node_id));
    const outputs = await readOutputs(this.store, plan.execution_id, (nodeId) => reused.has(nodeId));
    const prepared = this.#prepare(workflow, plan.inputs);
    const record = this.#createRecord(execution_id, workflow, { ...options, inputs: plan.inputs });
    record.rerun_of = plan.execution_id;
    await this.store.createExecution(record);
    const reuse = { execution_id: plan.execution_id, outputs, skip };
    return await this.#acquireAndDrive(record, { prepared, state: createState(execution_id), reuse });
  }

  /**
   * Cancels an execution, also one that another process drives. Answers false if it had ended.
   *
   * @throws {FlowError} `not_found`
   */
  async cancel(executionId: string, reason = "Cancelled"): Promise<boolean> {
    const live = this.#live.get(executionId);
    if (live !== undefined) {
      live.executor.cancel(reason);
      return true;
    }
    const summary = await this.store.getSummary(executionId, this.#clock.now());
    if (summary === undefined) throw executionNotFound(executionId);
    if (summary.ended_at !== undefined) return false;
    await this.store.requestCancel(executionId, reason);
    return true;
  }

  /** The events of an execution: those in the journal, then live ones. @see ExecutionHandle.events */
  subscribe(executionId: string, options: SubscribeOptions = {}): AsyncIterable<ExecutionEvent> {
    const source = {
      store: this.store,
      bus: this.#bus,
      clock: this.#clock,
      isDrivenHere: (id: string) => this.#live.has(id),
    };
    return subscribe(source, executionId, options);
  }

  /** Where an execution stands; undefined if there is none with that id. */
  async status(executionId: string): Promise<ExecutionState | undefined> {
    const live = this.#live.get(executionId);
    if (live !== undefined) return structuredClone(live.state);
    if ((await this.store.getRecord(executionId)) === undefined) return undefined;
    return await foldExecution(this.store, executionId);
  }

  /** Ends all that runs and leaves unfinished executions to be resumed. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const error = new FlowError("interrupted", "The engine was closed", { hint: "Resume the execution later." });
    const running = [...this.#live.values()];
    for (const { executor } of running) executor.suspend(error);
    await Promise.allSettled(running.map(({ done }) => done));
  }

  #prepare(workflow: Workflow, inputs: Values): PreparedWorkflow {
    const prepared = prepareWorkflow(workflow, this.registry);
    const issues = checkInputs(workflow, this.registry, inputs);
    if (issues.some(({ severity }) => severity === "error")) throw new WorkflowError("invalid_workflow", issues);
    return prepared;
  }

  #createRecord(execution_id: string, workflow: Workflow, options: StartOptions): ExecutionRecord {
    return {
      execution_id,
      workflow,
      inputs: options.inputs ?? {},
      verbose: options.verbose ?? false,
      created_at: new Date(this.#clock.now()).toISOString(),
      ...(options.source === undefined ? {} : { source: options.source }),
      ...(options.workdir === undefined ? {} : { workdir: options.workdir }),
      ...(options.useCache === false ? { no_cache: true } : {}),
    };
  }

  async #getRecord(executionId: string): Promise<ExecutionRecord> {
    const record = await this.store.getRecord(executionId);
    if (record === undefined) throw executionNotFound(executionId);
    return record;
  }

  async #acquire(executionId: string): Promise<void> {
    if (this.#isClosed) throw new FlowError("unavailable", "Cannot run an execution: the engine is closed");
    if (!this.#live.has(executionId) && await this.#leases.acquire(executionId)) return;
    throw new FlowError("conflict", `Cannot drive execution "${executionId}": another process is driving it`, {
      hint: "Wait for it to end, or cancel it first.",
    });
  }

  async #acquireAndDrive(record: ExecutionRecord, drive: Drive): Promise<ExecutionHandle> {
    await this.#acquire(record.execution_id);
    return this.#drive(record, drive);
  }

  #drive(record: ExecutionRecord, { prepared, state, restored, reuse, cancelReason }: Drive): ExecutionHandle {
    const { execution_id } = record;
    const clock = this.#clock;
    const recorder = new Recorder({
      store: this.store,
      bus: this.#bus,
      clock,
      state,
      onFailure: (error) => executor.suspend(error),
    });
    const executor = new Executor({
      prepared,
      inputs: record.inputs,
      recorder,
      dispatcher: this.#dispatcher,
      clock,
      random: this.#options.random ?? Math.random,
      verbose: record.verbose,
      owner: this.#owner,
      cache: record.no_cache ? undefined : new NodeCache(this.store, clock),
      ...(restored === undefined ? {} : { restored }),
      reuse,
    });
    if (cancelReason !== undefined) executor.cancel(cancelReason);
    const result = this.#run(execution_id, executor);
    this.#live.set(execution_id, { executor, state, done: result });
    this.#leases.keep(execution_id, {
      onCancelRequested: (reason) => executor.cancel(reason),
      onLost: (cause) => executor.suspend(leaseLost(execution_id, cause)),
    });
    return {
      execution_id,
      result,
      events: (options) => this.subscribe(execution_id, options),
      cancel: (reason = "Cancelled") => executor.cancel(reason),
    };
  }

  async #run(executionId: string, executor: Executor): Promise<ExecutionResult> {
    // The caller gets its handle before anything happens.
    await Promise.resolve();
    try {
      return await executor.execute();
    } finally {
      this.#live.delete(executionId);
      this.#bus.publish(executionId, []);
      await this.#leases.release(executionId);
    }
  }
}

/** An engine with these node types. */
export function createEngine(
  options: Omit<EngineOptions, "registry"> & { registry?: NodeRegistry; nodes?: Iterable<NodeDefinition> },
): Engine {
  const { nodes, registry = new NodeRegistry(nodes), ...rest } = options;
  return new Engine({ ...rest, registry });
}

function withTimeLimit(workflow: Workflow, limitMs: number): Workflow {
  return { ...workflow, settings: { ...workflow.settings, max_execution_time_ms: limitMs } };
}

function executionNotFound(executionId: string): FlowError {
  return new FlowError("not_found", `No execution has the id "${executionId}"`, {
    hint: `Run "flow executions list" to see those that there are.`,
  });
}

function leaseLost(executionId: string, cause: unknown): FlowError {
  return new FlowError("conflict", `Lost execution "${executionId}": another process has taken it over`, { cause });
}
