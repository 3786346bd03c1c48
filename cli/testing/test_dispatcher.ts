import { createLocalDispatcher } from "../../engine/attempt.ts";
import { type Clock, systemClock } from "../../engine/clock.ts";
import type { AttemptOutcome, AttemptRequest, Dispatcher } from "../../engine/dispatcher.ts";
import { type ErrorCode, FlowError } from "../../engine/errors.ts";
import type { FakeClock } from "../../engine/fake_clock.ts";
import type { CallRequest, NodeContext } from "../../engine/node.ts";
import { copyPlain, quote } from "../../engine/plain.ts";
import type { Values } from "../../engine/value.ts";
import { Outside } from "./outside.ts";
import { readValues } from "./test_file.ts";
import type { Mock, MockAttempt, Setup } from "./test_schema.ts";

/** What a node got. */
export interface Call {
  node_id: string;
  inputs: Values;
  config: Values;
}

/** A node that came to run without a mock. */
export interface Unmocked {
  node_type: string;
  /** Whether it is one of a called workflow. */
  isCalled: boolean;
}

/** The id of the execution that is tested. */
export const TESTED_ID = "test";

/** Runs attempts of mocked nodes on the fake clock, and of real ones as the engine does. */
export class TestDispatcher implements Dispatcher {
  readonly calls: Call[] = [];
  /** The nodes that came to run without a mock, by id. */
  readonly unmocked = new Map<string, Unmocked>();
  readonly #outside = new Outside();
  /** What to do when a node of an execution that a node has called comes to run, by its id. */
  readonly #called = new Map<string, () => void>();
  readonly #setup: Setup;
  readonly #mocked: Dispatcher;
  readonly #real: Dispatcher;

  constructor(setup: Setup, clock: FakeClock) {
    this.#setup = setup;
    this.#mocked = createLocalDispatcher(clock);
    this.#real = createLocalDispatcher(joinClocks(clock));
  }

  /** @see FakeClock.run */
  pause = (): Promise<void> | undefined => this.#outside.change;

  async dispatch(request: AttemptRequest): Promise<AttemptOutcome> {
    this.#called.get(request.execution_id)?.();
    const { id, node_type } = request.node.spec;
    const { mock_types = {}, real_types = [], unmocked } = this.#setup;
    // Called workflows have ids of their own.
    const { mocks = {}, real = [] } = isTested(request) ? this.#setup : {};
    const own = Object.hasOwn(mocks, id) ? mocks[id] : undefined;
    if (own !== undefined) return await this.#runMock(request, own);
    if (real.includes(id)) return await this.#runReal(request);
    const common = Object.hasOwn(mock_types, node_type) ? mock_types[node_type] : undefined;
    if (common !== undefined) return await this.#runMock(request, common);
    if (real_types.includes(node_type) || unmocked === "real") return await this.#runReal(request);
    this.unmocked.set(id, { node_type, isCalled: !isTested(request) });
    return { error: new FlowError("node_failed", `Node ${quote(id)} has no mock`, { retryable: false }) };
  }

  #runMock(request: AttemptRequest, mock: Mock): Promise<AttemptOutcome> {
    const items = mock.items ?? [mock];
    const item = items[Math.min(request.index ?? 0, items.length - 1)] ?? {};
    const attempts = item.attempts ?? [item];
    const attempt = attempts[Math.min(request.attempt, attempts.length) - 1] ?? {};
    return this.#mocked.dispatch(this.#withRun(request, (context) => runMock(attempt, context)));
  }

  async #runReal(request: AttemptRequest): Promise<AttemptOutcome> {
    const { run } = request.node.definition;
    this.#outside.enter();
    try {
      return await this.#real.dispatch(this.#withRun(request, (context) => run(this.#withFakeWaits(context))));
    } finally {
      this.#outside.leave();
    }
  }

  #withRun(request: AttemptRequest, run: (context: NodeContext) => Promise<Values> | Values): AttemptRequest {
    const { node } = request;
    const definition = {
      ...node.definition,
      run: (context: NodeContext) => {
        if (isTested(request)) this.calls.push(describeCall(context));
        return run(context);
      },
    };
    return { ...request, node: { ...node, definition } };
  }

  /** While a node waits on the fake clock, or for another workflow, that clock moves. */
  #withFakeWaits(context: NodeContext): NodeContext {
    const own: Partial<NodeContext> = {
      sleep: (ms) => this.#sleep(context, ms),
      call: (request) => this.#call(context, request),
    };
    return new Proxy(context, {
      get: (target, name) =>
        Object.hasOwn(own, name) ? own[name as keyof NodeContext] : Reflect.get(target, name, target),
    });
  }

  async #sleep(context: NodeContext, ms: number): Promise<void> {
    this.#outside.leave();
    try {
      await context.sleep(ms);
    } finally {
      this.#outside.enter();
    }
  }

  /** Loading what is called takes real time: the clock moves from when the first of its nodes runs. */
  async #call(context: NodeContext, request: CallRequest): ReturnType<NodeContext["call"]> {
    let isWaiting = false;
    const wait = () => {
      if (!isWaiting) this.#outside.leave();
      isWaiting = true;
    };
    let called: string | undefined;
    const onStart = (executionId: string) => {
      called = executionId;
      this.#called.set(executionId, wait);
      request.onStart?.(executionId);
    };
    try {
      return await context.call({ ...request, onStart });
    } finally {
      if (called !== undefined) this.#called.delete(called);
      if (isWaiting) this.#outside.enter();
    }
  }
}

function isTested({ execution_id }: AttemptRequest): boolean {
  return execution_id === TESTED_ID;
}

/** A node may change what it got. */
function describeCall({ node_id, inputs, config }: NodeContext): Call {
  return { node_id, inputs: copyPlain(inputs), config: copyPlain(config as Values) };
}

async function runMock(attempt: MockAttempt, context: NodeContext): Promise<Values> {
  for (const line of attempt.log ?? []) {
    if (typeof line === "string") context.log(line);
    else context.log(line.message, line.level);
  }
  for (const line of attempt.stdout ?? []) context.stdout(line);
  for (const line of attempt.stderr ?? []) context.stderr(line);
  if (attempt.delay_ms !== undefined) await context.sleep(attempt.delay_ms);
  if (attempt.error !== undefined) {
    const { code, message, retryable, details } = attempt.error;
    throw new FlowError(code as ErrorCode, message, {
      retryable,
      details: details === undefined ? undefined : readValues(details),
    });
  }
  return attempt.passthrough ? context.inputs : readValues(attempt.outputs);
}

/** Whichever clock gets there first: what really runs is timed out in real time too. */
function joinClocks(fake: FakeClock): Clock {
  return {
    now: () => fake.now(),
    monotonic: () => fake.monotonic(),
    yield: () => fake.yield(),
    setTimer(ms, callback) {
      const stops: (() => void)[] = [];
      const fire = () => {
        stop();
        callback();
      };
      const stop = () => stops.forEach((undo) => undo());
      stops.push(fake.setTimer(ms, fire), systemClock.setTimer(ms, fire));
      return stop;
    },
  };
}
