/**
 * One try of one node: checks inputs, runs the node under its timeout, checks outputs. Turns whatever happens into an
 * outcome.
 *
 *   A1. The outcome comes after the node's `run` has settled, so nothing of it is running any more. A node that ignores
 *       its signal is given up on after `ABANDON_AFTER_MS`, with a warning: JavaScript cannot be killed.
 *   A2. After the outcome the node is not heard any more.
 *   A3. An attempt that was aborted and fails, fails for the reason of the abort; one that succeeds all the same, has.
 *   A4. A node gets its own copy of config and inputs, and its outputs are copied: whatever it does to them changes
 *       neither other nodes, nor later attempts, nor the journal.
 */
import * as z from "zod";
import { abortError, type Clock, sleep } from "./clock.ts";
import type { AttemptOutcome, AttemptRequest, Dispatcher } from "./dispatcher.ts";
import { FlowError, isFlowError, toFlowError } from "./errors.ts";
import { attemptId } from "./id.ts";
import type {
  CallRequest,
  LogLevel,
  NodeContext,
  NodeDefinition,
  Ports,
  ProcessIdentity,
  ResourceScope,
} from "./node.ts";
import { copyPlain } from "./plain.ts";
import { checkValues, type Value, type Values } from "./value.ts";
import type { ExecutionResult } from "./verdict.ts";

/** How long an aborted node may take to end; longer than the built-in nodes take to kill what they started. */
export const ABANDON_AFTER_MS = 30_000;

/** Runs attempts in this process. */
export function createLocalDispatcher(clock: Clock): Dispatcher {
  return { dispatch: (request) => runAttempt(request, clock) };
}

async function runAttempt(request: AttemptRequest, clock: Clock): Promise<AttemptOutcome> {
  const { spec, definition } = request.node;
  const control = new AttemptControl(request, clock, spec.timeout_ms);
  try {
    const inputs = parseInputs(definition, copyPlain(request.inputs), spec.id);
    const context = new AttemptContext(request, inputs, control, clock);
    const outputs = await control.race(() => definition.run(context));
    return { outputs: checkOutputs(definition, outputs) };
  } catch (thrown) {
    return { error: control.signal.aborted ? abortError(control.signal) : asFailure(thrown) };
  } finally {
    control.end();
  }
}

/**
 * Whatever a node throws means that it has failed, and that trying again may help. Only the engine cancels and
 * interrupts: a node that says so of itself has failed too.
 */
function asFailure(thrown: unknown): FlowError {
  const error = toFlowError(thrown);
  if (isFlowError(thrown) && error.code !== "cancelled" && error.code !== "interrupted") return error;
  return new FlowError("node_failed", error.message, { hint: error.hint, cause: error });
}

/** Joins the execution's signal with the attempt's timeout, and waits for the node no longer than A1 says. */
class AttemptControl {
  readonly #controller = new AbortController();
  readonly #request: AttemptRequest;
  readonly #clock: Clock;
  readonly #onAbort = () => this.#controller.abort(this.#request.signal.reason);
  readonly #stopTimer: (() => void) | undefined;
  #held = 0;
  ended = false;

  constructor(request: AttemptRequest, clock: Clock, timeoutMs: number | undefined) {
    this.#request = request;
    this.#clock = clock;
    if (request.signal.aborted) this.#onAbort();
    request.signal.addEventListener("abort", this.#onAbort);
    if (timeoutMs !== undefined) {
      this.#stopTimer = clock.setTimer(timeoutMs, () => this.#controller.abort(timeoutError(timeoutMs)));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.ended = true;
    this.#stopTimer?.();
    this.#request.signal.removeEventListener("abort", this.#onAbort);
  }

  /** While the engine itself works for the node, and will end by itself, the node is not given up on. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work();
    } finally {
      this.#held--;
    }
  }

  /** What `run` answers, or the reason of the abort if it does not end soon enough after one. */
  async race<T>(run: () => Promise<T> | T): Promise<T> {
    this.signal.throwIfAborted();
    const running = run();
    if (!isThenable(running)) return running;
    let stopAbandoning: (() => void) | undefined;
    let giveUp: (reason: FlowError) => void;
    const abandoned = new Promise<never>((_, reject) => giveUp = reject);
    const abandon = () => {
      if (this.#held > 0) return onAbort();
      this.#request.emit({ event_type: "Warning", message: ABANDONED });
      giveUp(abortError(this.signal));
    };
    const onAbort = () => {
      stopAbandoning = this.#clock.setTimer(ABANDON_AFTER_MS, abandon);
    };
    this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([running, abandoned]);
    } finally {
      this.signal.removeEventListener("abort", onAbort);
      stopAbandoning?.();
    }
  }
}

/** Also what other libraries, and other realms, take for a promise. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

const ABANDONED =
  `The node ignored its signal for ${ABANDON_AFTER_MS / 1000} s after it was aborted; it may still be ` +
  "doing something in this process";

function timeoutError(timeoutMs: number): FlowError {
  return new FlowError("timeout", `Attempt exceeded its timeout of ${timeoutMs} ms`, {
    hint: "Raise the node's timeout_ms, or give it a retry_policy.",
  });
}

/** What the node sees. */
class AttemptContext implements NodeContext {
  readonly #request: AttemptRequest;
  readonly #control: AttemptControl;
  readonly #clock: Clock;
  readonly inputs: Values;
  #attemptId: string | undefined;
  #config: { copy: unknown } | undefined;
  #calls = 0;

  constructor(request: AttemptRequest, inputs: Values, control: AttemptControl, clock: Clock) {
    this.#request = request;
    this.inputs = inputs;
    this.#control = control;
    this.#clock = clock;
    // Authors take these out of the context by destructuring.
    this.log = this.log.bind(this);
    this.progress = this.progress.bind(this);
    this.data = this.data.bind(this);
    this.stdout = this.stdout.bind(this);
    this.stderr = this.stderr.bind(this);
    this.sleep = this.sleep.bind(this);
    this.processStarted = this.processStarted.bind(this);
    this.resourceOpened = this.resourceOpened.bind(this);
    this.call = this.call.bind(this);
  }

  get config(): unknown {
    return (this.#config ??= { copy: copyPlain(this.#request.node.config) }).copy;
  }
  get execution_id(): string {
    return this.#request.execution_id;
  }
  get node_id(): string {
    return this.#request.node.spec.id;
  }
  get source(): string | undefined {
    return this.#request.source;
  }
  get index(): number | undefined {
    return this.#request.index;
  }
  get attempt(): number {
    return this.#request.attempt;
  }
  get attempt_id(): string {
    return this.#attemptId ??= attemptId(this.execution_id, this.node_id, this.index ?? 0, this.attempt);
  }
  get signal(): AbortSignal {
    return this.#control.signal;
  }
  get verbose(): boolean {
    return this.#request.verbose;
  }
  get state(): Map<string, unknown> {
    return this.#request.memory();
  }

  // Custom nodes may be plain JavaScript: only what can be journaled gets through.
  log(message: string, level: LogLevel = "info"): void {
    this.#emit({ event_type: level === "info" ? "Info" : "Warning", message: String(message) });
  }
  progress(percent: number, message?: string): void {
    this.#emit({
      event_type: "Progress",
      percent: Math.min(100, Math.max(0, Number(percent) || 0)),
      ...(message === undefined ? {} : { message: String(message) }),
    });
  }
  data(port: string, value: Value): void {
    const name = String(port);
    this.#emit({ event_type: "Data", port: name, value: checkValues({ [name]: value })[name] ?? null });
  }
  stdout(line: string): void {
    this.#emit({ event_type: "StdoutLine", line: String(line) });
  }
  stderr(line: string): void {
    this.#emit({ event_type: "StderrLine", line: String(line) });
  }
  sleep(ms: number): Promise<void> {
    return sleep(this.#clock, ms, this.signal);
  }
  processStarted(process: ProcessIdentity): void {
    if (!this.#control.ended) this.#request.processStarted(process);
  }
  resourceOpened(resource: Values, { until }: { until: ResourceScope }): void {
    if (!this.#control.ended) this.#request.resourceOpened(checkValues(resource), until);
  }

  call(request: CallRequest): Promise<ExecutionResult<Values>> {
    return this.#control.hold(() => this.#request.call(request, this.#calls++, this.signal));
  }

  #emit(event: Parameters<AttemptRequest["emit"]>[0]): void {
    if (!this.#control.ended) this.#request.emit(event);
  }
}

const inputSchemas = new WeakMap<Ports, z.ZodObject>();

function parseInputs(definition: NodeDefinition, inputs: Values, nodeId: string): Values {
  const ports = definition.inputs;
  if (ports.open && Object.keys(ports.shape).length === 0) return inputs;
  let schema = inputSchemas.get(ports);
  if (schema === undefined) {
    schema = ports.open ? z.looseObject(ports.shape) : z.object(ports.shape);
    inputSchemas.set(ports, schema);
  }
  const parsed = schema.safeParse(inputs);
  if (parsed.success) return parsed.data as Values;
  const issue = parsed.error.issues[0];
  const port = String(issue?.path[0] ?? "");
  const missing = !Object.hasOwn(inputs, port);
  throw new FlowError(
    "invalid_input",
    `Input "${port}" of node "${nodeId}": ${missing ? "no value" : issue?.message}`,
    {
      hint: missing
        ? `Connect a port to "${port}", or check that the connected node puts out a value.`
        : "Check the value that is connected to this port.",
    },
  );
}

/** A node may leave ports out; it may not answer ports that it never declared. */
function checkOutputs(definition: NodeDefinition, outputs: unknown): Values {
  const values = checkValues(outputs);
  if (definition.outputs.open) return values;
  for (const port of Object.keys(values)) {
    if (Object.hasOwn(definition.outputs.shape, port)) continue;
    throw new FlowError("invalid_output", `Node type "${definition.type}" answered an undeclared output "${port}"`, {
      hint: `Declare "${port}" in the outputs of the node type, or do not answer it.`,
    });
  }
  return values;
}
