import { createEngine } from "../create_engine.ts";
import { cancelOn } from "../engine/cancel_on.ts";
import type { Engine } from "../engine/engine.ts";
import type { ExecutionHandle } from "../engine/engine_options.ts";
import { FlowError } from "../engine/errors.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { parseWorkflow } from "../engine/parse.ts";
import { showValue } from "../engine/plain.ts";
import type { Values } from "../engine/value.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import { builtinNodes } from "../nodes/mod.ts";
import type { RemoteExecutionHandle } from "../server/client/execution_handle.ts";
import type { LocalPlace, RemoteRunOptions, RunOptions } from "./workflow_options.ts";

const OPTIONS: Readonly<Record<keyof RunOptions | keyof RemoteRunOptions, true>> = {
  inputs: true,
  engine: true,
  store: true,
  client: true,
  signal: true,
  timeoutMs: true,
  useCache: true,
  verbose: true,
  execution_id: true,
  source: true,
  workdir: true,
};

/** A workflow with the code that it needs. */
interface Runnable {
  readonly nodeTypes: readonly NodeDefinition[];
  toJSON(): unknown;
}

/** To its end, here or on a server. */
export async function runWorkflow(
  workflow: Runnable,
  options: RunOptions | RemoteRunOptions = {},
): Promise<ExecutionResult<Values>> {
  if (options.client !== undefined) return await runRemotely(workflow, options);
  checkOptions(options);
  const engine = openEngine(workflow, options);
  try {
    return await (await startIn(engine, workflow, options)).result;
  } finally {
    if (engine !== options.engine) await engine.close();
  }
}

/** In an engine of its own, which nobody has to close: nothing of it is open when the execution has ended. */
export async function startWorkflow(workflow: Runnable, options: RunOptions = {}): Promise<ExecutionHandle<Values>> {
  checkOptions(options);
  return await startIn(openEngine(workflow, options), workflow, options);
}

/** On the server of `client`. Calls `onLost` if it could not be told that `signal` has aborted. */
export async function startRemotely(
  workflow: Runnable,
  { client, ...options }: RemoteRunOptions,
  onLost: (error: unknown) => void = () => {},
): Promise<RemoteExecutionHandle<Values>> {
  checkOptions(options);
  const execution = await client.start<Values>(workflow.toJSON(), options);
  const cancel = (reason: string) => void execution.cancel(reason).catch(onLost);
  if (options.signal !== undefined) cancelOn(options.signal, { result: execution.result, cancel });
  return execution;
}

async function runRemotely(workflow: Runnable, options: RemoteRunOptions): Promise<ExecutionResult<Values>> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const { result } = await startRemotely(workflow, options, lost.reject);
  return await Promise.race([result, lost.promise]);
}

/** In an engine that knows the code of `workflow`. */
export async function resumeWorkflow(
  workflow: Runnable,
  executionId: string,
  place: LocalPlace,
): Promise<ExecutionHandle<Values>> {
  return await openEngine(workflow, place).resume<Values>(executionId);
}

async function startIn(
  engine: Engine,
  workflow: Runnable,
  { engine: _engine, store: _store, client: _client, ...options }: RunOptions,
): Promise<ExecutionHandle<Values>> {
  const checked = await parseWorkflow(workflow.toJSON(), { registry: engine.registry });
  return await engine.start<Values>(checked, options);
}

function openEngine({ nodeTypes }: Runnable, { engine, store }: LocalPlace): Engine {
  if (engine === undefined) {
    return createEngine({ nodes: [...builtinNodes(), ...nodeTypes], ...(store === undefined ? {} : { store }) });
  }
  if (store !== undefined) {
    throw new FlowError("invalid_argument", "Cannot use both an engine and a store: the engine has its own", {
      hint: "Leave out one of them.",
    });
  }
  for (const definition of nodeTypes) introduce(engine, definition);
  return engine;
}

function introduce({ registry }: Engine, definition: NodeDefinition): void {
  const known = registry.get(definition.type);
  if (known === undefined) registry.register(definition);
  else if (known !== definition) {
    throw new FlowError("conflict", `Cannot use node type "${definition.type}": the engine knows other code under it`, {
      hint: "Make the node type once and use it everywhere, or give one of them another name.",
    });
  }
}

/** For callers without types: what is misspelled would be as good as not there. */
function checkOptions(options: object): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    throw new FlowError("invalid_argument", `Cannot run a workflow with the option ${showValue(name)}: there is none`, {
      hint: `Use ${Object.keys(OPTIONS).join(", ")}; values for the workflow go into inputs.`,
    });
  }
}
