import { createLocalDispatcher } from "./attempt.ts";
import { type BusListener, EventBus } from "./bus.ts";
import { abortReason, cancelOn } from "./cancel_on.ts";
import { closeResources } from "./cleanup.ts";
import type { Calls } from "./calls.ts";
import { checkIsWorkflow, checkStartOptions } from "./check_arguments.ts";
import { checkInputs } from "./check_inputs.ts";
import { type Clock, systemClock } from "./clock.ts";
import { resolveInputs } from "./declared_inputs.ts";
import { type Driven, Driver } from "./driver.ts";
import { FlowError } from "./errors.ts";
import type { EngineOptions, ExecutionHandle, StartOptions } from "./engine_options.ts";
import type { ExecutionEvent } from "./events.ts";
import { foldExecution } from "./fold.ts";
import { createId } from "./id.ts";
import { WorkflowError } from "./issue.ts";
import { MemoryStore } from "./memory_store.ts";
import type { NodeDefinition } from "./node.ts";
import { loadLanguageOf } from "./language.ts";
import { limitTime, type PreparedWorkflow, prepareWorkflow } from "./prepare.ts";
import { NodeRegistry } from "./registry.ts";
import { planRerun, type RerunOptions, type RerunPlan } from "./rerun.ts";
import { readReuse, recallKeptItems } from "./reuse.ts";
import { resolveSecrets } from "./secrets.ts";
import { createState, type ExecutionState } from "./state.ts";
import type { CalledBy, ExecutionRecord, Store } from "./store.ts";
import { checkHasBegun, checkResumable, findResumePoint, withAdviceOnCode } from "./resume.ts";
import { subscribe, type SubscribeOptions } from "./subscription.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult, NodeOutputs } from "./verdict.ts";
import type { Workflow } from "./workflow.ts";

/**
 * The only way to run anything: starts, resumes, reruns, cancels and watches executions.
 *
 * ```ts
 * import { createEngine, type Engine } from "flowengine";
 * const engine: Engine = createEngine();
 * console.log(await engine.releaseDeadOwners());
 * await engine.close();
 * ```
 */
export class Engine {
  /** The node types that it knows. */
  readonly registry: NodeRegistry;
  /** Where its executions are kept. */
  readonly store: Store;
  readonly #clock: Clock;
  readonly #options: EngineOptions;
  readonly #owner: string;
  readonly #bus = new EventBus();
  readonly #driver: Driver;
  #calls: Calls | undefined;

  /** Nothing runs until it is told to. */
  constructor(options: EngineOptions) {
    this.#options = options;
    this.registry = options.registry;
    this.store = options.store ?? new MemoryStore();
    this.#clock = options.clock ?? systemClock;
    this.#owner = options.owner ?? createId(this.#clock.now());
    this.#driver = new Driver({
      store: this.store,
      clock: this.#clock,
      bus: this.#bus,
      owner: this.#owner,
      registry: this.registry,
      dispatcher: options.dispatcher ?? createLocalDispatcher(this.#clock),
      random: options.random ?? Math.random,
      env: options.env ?? (() => undefined),
      gate: options.gate,
      call: async (caller, request, place) => (await this.#openCalls()).run(caller, request, place),
    });
  }

  /**
   * Starts an execution of a checked workflow.
   *
   * @throws {WorkflowError} `invalid_workflow` if it does not fit the registry or the inputs do not fit it.
   * @throws {FlowError} `invalid_argument`; `conflict` if `execution_id` is taken; `unavailable` if the engine is closed.
   */
  async start<O extends Values = NodeOutputs>(
    workflow: Workflow,
    options: StartOptions = {},
  ): Promise<ExecutionHandle<O>> {
    return cancelOn(options.signal, await this.#start<O>(workflow, options));
  }

  async #start<O extends Values>(
    workflow: Workflow,
    options: StartOptions,
    called_by?: CalledBy,
  ): Promise<ExecutionHandle<O>> {
    checkIsWorkflow(workflow);
    checkStartOptions(options);
    const limited = limitTime(workflow, options.timeoutMs);
    const locked = await this.#prepare(limited, options.inputs ?? {});
    const inputs = resolveInputs(workflow.inputs, options.inputs ?? {});
    const prepared = await this.#unlock(locked, inputs);
    const record = this.#createRecord(limited, { ...options, inputs }, { called_by });
    const drive = { prepared, state: createState(record.execution_id), cancelReason: abortReason(options.signal) };
    return this.#handle<O>(record, await this.#driver.create(record, drive));
  }

  /**
   * Goes on with an execution whose engine is gone: what has completed stays, what was cut off runs again. If it was
   * asked to cancel meanwhile, it ends without anything being started.
   *
   * @throws {FlowError} `not_found`; `conflict` if it has ended or another process drives it.
   */
  async resume<O extends Values = NodeOutputs>(executionId: string): Promise<ExecutionHandle<O>> {
    const record = await this.#getRecord(executionId);
    checkResumable(await this.store.getSummary(executionId, this.#clock.now()));
    await this.releaseDeadOwners();
    const driven = await this.#driver.drive(record, async () => {
      const locked = await withAdviceOnCode(this.#prepare(record.workflow, record.inputs));
      const prepared = await this.#unlock(locked);
      // It may have ended before the lease was ours.
      checkResumable(await this.store.getSummary(executionId, this.#clock.now()));
      const point = await findResumePoint(this.store, executionId, prepared, this.#options.endLeftover);
      const closer = { registry: this.registry, clock: this.#clock, secrets: prepared.secrets };
      await closeResources(point.state, "attempt", closer);
      const cancelReason = await this.store.cancelRequested(executionId);
      if (cancelReason === undefined) checkHasBegun(record, point.state);
      return { prepared, ...point, cancelReason };
    });
    return this.#handle<O>(record, driven);
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
    const inputs = resolveInputs(workflow.inputs, options.inputs ?? record.inputs);
    const prepared = await this.#prepare(workflow, inputs);
    const state = await foldExecution(this.store, executionId);
    await recallKeptItems(this.store, state);
    const { ChangedCalls } = await import("./changed_calls.ts");
    const changedCalls = await new ChangedCalls({ ...this.#options, store: this.store }).find(executionId);
    return planRerun(record, state, prepared, { ...options, inputs, changedCalls });
  }

  /** Starts a new execution that takes over what the plan reuses. */
  async rerun<O extends Values = NodeOutputs>(
    plan: RerunPlan,
    options: Omit<StartOptions, "inputs"> = {},
  ): Promise<ExecutionHandle<O>> {
    checkStartOptions(options);
    const workflow = limitTime(plan.workflow, options.timeoutMs);
    const reuse = await readReuse(this.store, plan);
    const prepared = await this.#unlock(await this.#prepare(workflow, plan.inputs), plan.inputs);
    const record = this.#createRecord(workflow, { ...options, inputs: plan.inputs }, { rerun_of: plan.execution_id });
    const state = createState(record.execution_id);
    const drive = { prepared, state, reuse, cancelReason: abortReason(options.signal) };
    return cancelOn(options.signal, this.#handle<O>(record, await this.#driver.create(record, drive)));
  }

  /**
   * Cancels an execution, also one that another process drives. Answers false if it had ended.
   *
   * @throws {FlowError} `not_found`
   */
  async cancel(executionId: string, reason = "Cancelled"): Promise<boolean> {
    if (this.#driver.cancel(executionId, reason)) return true;
    const summary = await this.store.getSummary(executionId, this.#clock.now());
    if (summary === undefined) throw executionNotFound(executionId);
    if (summary.ended_at !== undefined) return false;
    try {
      await this.store.requestCancel(executionId, reason);
      return true;
    } catch (error) {
      if (error instanceof FlowError && error.code === "conflict") return false;
      throw error;
    }
  }

  /** The events of an execution: those in the journal, then live ones. @see ExecutionHandle.events */
  subscribe(executionId: string, options: SubscribeOptions = {}): AsyncIterable<ExecutionEvent> {
    const source = {
      store: this.store,
      bus: this.#bus,
      clock: this.#clock,
      isDrivenHere: (id: string) => this.#driver.find(id) !== undefined,
    };
    return subscribe(source, executionId, options);
  }

  /**
   * Calls `listener` with the events of every execution that this engine drives, right after they have become durable. It
   * must not throw, and it must not take long. The answer stops it.
   */
  listen(listener: BusListener): () => void {
    return this.#bus.attach(undefined, listener);
  }

  /** Where an execution stands; undefined if there is none with that id. */
  async status(executionId: string): Promise<ExecutionState | undefined> {
    const live = this.#driver.find(executionId);
    if (live !== undefined) return structuredClone(live);
    if ((await this.store.getRecord(executionId)) === undefined) return undefined;
    return await foldExecution(this.store, executionId);
  }

  /** Ends all that runs and leaves unfinished executions to be resumed. Idempotent. */
  async close(): Promise<void> {
    await this.#driver.close();
  }

  async #prepare(workflow: Workflow, inputs: Values): Promise<PreparedWorkflow> {
    await loadLanguageOf(workflow);
    const prepared = prepareWorkflow(workflow, this.registry);
    const issues = checkInputs(workflow, this.registry, inputs);
    if (issues.some(({ severity }) => severity === "error")) throw new WorkflowError("invalid_workflow", issues);
    return prepared;
  }

  /** Adds the secrets that the workflow uses. */
  async #unlock(prepared: PreparedWorkflow, inputs: Values = {}): Promise<PreparedWorkflow> {
    const secrets = await resolveSecrets(prepared, this.#options.secrets, inputs);
    return secrets === undefined ? prepared : { ...prepared, secrets };
  }

  /** Only a workflow that calls another needs this. */
  async #openCalls(): Promise<Calls> {
    const { Calls } = await import("./calls.ts");
    return this.#calls ??= new Calls({
      store: this.store,
      registry: this.registry,
      clock: this.#clock,
      start: (workflow, options, called_by) => this.#start<Values>(workflow, options, called_by),
      resume: (id) => this.resume<Values>(id),
      suspend: (id, error) => this.#driver.suspend(id, error),
      subscribe: (id, options) => this.subscribe(id, options),
    });
  }

  #createRecord(
    workflow: Workflow,
    options: StartOptions,
    { rerun_of, called_by }: { rerun_of?: string; called_by?: CalledBy | undefined },
  ): ExecutionRecord {
    return {
      execution_id: options.execution_id ?? createId(this.#clock.now()),
      workflow,
      inputs: options.inputs ?? {},
      verbose: options.verbose ?? false,
      created_at: new Date(this.#clock.now()).toISOString(),
      ...(options.source === undefined ? {} : { source: options.source }),
      ...(options.workdir === undefined ? {} : { workdir: options.workdir }),
      ...(rerun_of === undefined ? {} : { rerun_of }),
      ...(called_by === undefined ? {} : { called_by }),
      ...(options.useCache === false ? { no_cache: true } : {}),
    };
  }

  async #getRecord(executionId: string): Promise<ExecutionRecord> {
    const record = await this.store.getRecord(executionId);
    if (record === undefined) throw executionNotFound(executionId);
    return record;
  }

  #handle<O extends Values>({ execution_id }: ExecutionRecord, { result, cancel, mask }: Driven): ExecutionHandle<O> {
    return {
      execution_id,
      // What the outputs are is for the caller to know, who knows the workflow.
      result: result as Promise<ExecutionResult<O>>,
      events: (options) => this.subscribe(execution_id, options),
      mask,
      cancel: (reason = "Cancelled") => cancel(reason),
    };
  }
}

/** An engine with these node types. */
export function createEngine(
  options: Omit<EngineOptions, "registry"> & { registry?: NodeRegistry; nodes?: Iterable<NodeDefinition> },
): Engine {
  const { nodes, registry = new NodeRegistry(nodes), ...rest } = options;
  return new Engine({ ...rest, registry });
}

function executionNotFound(executionId: string): FlowError {
  return new FlowError("not_found", `No execution has the id "${executionId}"`, {
    hint: `Run "flow executions list" to see those that there are.`,
  });
}
