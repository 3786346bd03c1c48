import { systemClock } from "../../engine/clock.ts";
import { Engine } from "../../engine/engine.ts";
import type { ExecutionHandle } from "../../engine/engine_options.ts";
import { type ErrorInfo, type FlowError, toFlowError } from "../../engine/errors.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { loadExpressions } from "../../engine/expression.ts";
import { FakeClock } from "../../engine/fake_clock.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import { createState, type ExecutionState, reduce } from "../../engine/state.ts";
import type { Values } from "../../engine/value.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import type { Workflow } from "../../engine/workflow.ts";
import { type Call, TestDispatcher, TESTED_ID, type Unmocked } from "./test_dispatcher.ts";
import { readValues } from "./test_file.ts";
import type { Setup } from "./test_schema.ts";

/** What a test has seen. */
export interface Trace {
  /** `refused`: it did not start. */
  status: ExecutionResult["status"] | "refused";
  error?: ErrorInfo | undefined;
  outputs: Values;
  events: readonly ExecutionEvent[];
  state: ExecutionState;
  /** Of all nodes, in order. */
  calls: readonly Call[];
  /** Nodes that came to run without a mock, by id. */
  unmocked: ReadonlyMap<string, Unmocked>;
  /** It took longer than this, in real time, and was cancelled. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_NOW = "2026-01-01T00:00:00Z";

/** What is tested. */
export interface Subject {
  /** The file that it is in, or that its tests are in. */
  name: string;
  /** Absolute path of its document, if it has one of its own: what it calls is found from there. */
  source?: string | undefined;
  workflow: Workflow;
  registry: NodeRegistry;
}

/** Runs a workflow as a test says: in memory, on a fake clock, with mocks. What it answers says how it went. */
export async function runTest({ workflow, registry, source }: Subject, setup: Setup): Promise<Trace> {
  // Later it would take real time while the fake clock goes on.
  await loadExpressions();
  const clock = new FakeClock(Date.parse(setup.now ?? DEFAULT_NOW));
  const dispatcher = new TestDispatcher(setup, clock);
  const engine = createTestEngine(registry, clock, dispatcher, setup);
  let handle: ExecutionHandle;
  try {
    handle = await engine.start(workflow, {
      inputs: readValues(setup.inputs),
      execution_id: TESTED_ID,
      useCache: false,
      verbose: true,
      ...(source === undefined ? {} : { source }),
    });
  } catch (thrown) {
    return refusal(toFlowError(thrown));
  }
  let timeoutMs: number | undefined;
  const stopTimer = systemClock.setTimer(setup.timeout_ms ?? DEFAULT_TIMEOUT_MS, () => {
    timeoutMs = setup.timeout_ms ?? DEFAULT_TIMEOUT_MS;
    handle.cancel(`The test took longer than ${timeoutMs} ms`);
  });
  try {
    const result = await clock.run(handle.result, dispatcher.pause);
    const trace = await readTrace(handle, result, dispatcher);
    return timeoutMs === undefined ? trace : { ...trace, timeoutMs };
  } finally {
    stopTimer();
    await engine.close();
  }
}

function createTestEngine(registry: NodeRegistry, clock: FakeClock, dispatcher: TestDispatcher, setup: Setup): Engine {
  const { env = {}, secrets = {} } = setup;
  const pick = (from: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(from, name) ? from[name] : undefined;
  return new Engine({
    registry,
    clock,
    dispatcher,
    // Delays are as long as they can be.
    random: () => 0,
    env: (name) => pick(env, name),
    secrets: {
      read: (names) =>
        Promise.resolve(
          new Map(names.flatMap((name) => {
            const value = pick(secrets, name);
            return value === undefined ? [] : [[name, value] as const];
          })),
        ),
    },
  });
}

async function readTrace(handle: ExecutionHandle, result: ExecutionResult, dispatcher: TestDispatcher): Promise<Trace> {
  const state = createState(handle.execution_id);
  const events: ExecutionEvent[] = [];
  for await (const event of handle.events()) {
    events.push(event);
    reduce(state, event);
  }
  const { status, error, outputs } = result;
  return { status, error, outputs, events, state, calls: dispatcher.calls, unmocked: dispatcher.unmocked };
}

function refusal(error: FlowError): Trace {
  if (error.code === "internal") throw error;
  return {
    status: "refused",
    error: error.toInfo(),
    outputs: {},
    events: [],
    state: createState(""),
    calls: [],
    unmocked: new Map(),
  };
}

/** What a test has of its own, added to what its file says for all of them. */
export function mergeSetup(shared: Setup, own: Setup): Setup {
  return {
    ...shared,
    ...own,
    inputs: { ...shared.inputs, ...own.inputs },
    env: { ...shared.env, ...own.env },
    secrets: { ...shared.secrets, ...own.secrets },
    mocks: { ...shared.mocks, ...own.mocks },
    mock_types: { ...shared.mock_types, ...own.mock_types },
    real: [...shared.real ?? [], ...own.real ?? []],
    real_types: [...shared.real_types ?? [], ...own.real_types ?? []],
  };
}
