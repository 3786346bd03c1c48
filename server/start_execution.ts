import type { ExecutionHandle, StartOptions } from "../engine/engine_options.ts";
import { FlowError } from "../engine/errors.ts";
import { createId } from "../engine/id.ts";
import { parseWorkflow } from "../engine/parse.ts";
import { decodeValues } from "../engine/value.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { KeyedRequest, ServerPorts } from "./ports.ts";
import { cutWorkflow } from "./until.ts";
import { loadWorkflow } from "./workflow_documents.ts";

/** What a client wants to be run. */
export interface StartRequest {
  workflow_id?: string | undefined;
  /** An inline document: data, or the text of a file. */
  workflow?: unknown;
  until?: string | undefined;
  inputs?: Record<string, unknown> | undefined;
  verbose?: boolean | undefined;
  timeout_ms?: number | undefined;
  no_cache?: boolean | undefined;
  /** The header of the request: what the execution's trace goes on from. */
  traceparent?: string | undefined;
}

/** A request with an idempotency key, but for the execution that it starts. */
export type RequestKey = Omit<KeyedRequest, "execution_id">;

/** An execution that was started, now or by the same request before. */
export type StartedExecution = Pick<ExecutionHandle, "execution_id"> & { handle?: ExecutionHandle };

/** Starts an execution of a saved workflow or of an inline document; of a request that comes twice only one. */
export async function startExecution(
  ports: ServerPorts,
  request: StartRequest,
  key?: RequestKey,
): Promise<StartedExecution> {
  if (key === undefined) return await begin(ports, request);
  const execution_id = createId(ports.clock.now());
  const claim = await ports.idempotency.claim({ ...key, execution_id }, ports.clock.now());
  if (claim.hash !== key.hash) throw keyIsTaken(key.key);
  const isThere = await ports.engine.store.getRecord(claim.execution_id) !== undefined;
  if (isThere) return { execution_id: claim.execution_id };
  try {
    return await begin(ports, request, claim.execution_id);
  } catch (error) {
    // The same request at the same time, or one that was cut off before, was faster after all.
    if (!claim.isNew && error instanceof FlowError && error.code === "conflict") {
      return { execution_id: claim.execution_id };
    }
    await ports.idempotency.release(key.client, key.key);
    throw error;
  }
}

async function begin(ports: ServerPorts, request: StartRequest, executionId?: string): Promise<StartedExecution> {
  const workflow = await chooseWorkflow(ports, request);
  const execution_id = executionId ?? createId(ports.clock.now());
  const options = { ...startOptions(ports, request), execution_id };
  ports.traces?.continueFrom(execution_id, request.traceparent);
  const handle = await ports.admission.start(workflow, options);
  return { execution_id: handle.execution_id, handle };
}

/** How an execution is started that a client has asked for. */
export function startOptions(ports: ServerPorts, request: StartRequest): StartOptions {
  return {
    inputs: decodeValues(request.inputs ?? {}),
    verbose: request.verbose ?? false,
    useCache: !request.no_cache,
    timeoutMs: request.timeout_ms,
    workdir: ports.workdir,
  };
}

async function chooseWorkflow(ports: ServerPorts, request: StartRequest): Promise<Workflow> {
  const { workflow_id, workflow, until } = request;
  if ((workflow_id === undefined) === (workflow === undefined)) {
    const state = workflow === undefined ? "neither is given" : "both are given";
    throw new FlowError("invalid_argument", `Cannot choose between workflow_id and workflow: ${state}`, {
      hint: "Send either the id of a saved workflow or a document.",
    });
  }
  const chosen = workflow_id === undefined
    ? await parseWorkflow(workflow, { registry: ports.engine.registry })
    : (await loadWorkflow(ports, workflow_id)).workflow;
  return until === undefined ? chosen : await cutWorkflow(chosen, until);
}

function keyIsTaken(key: string): FlowError {
  return new FlowError("conflict", `Cannot use the idempotency key "${key}": another request had it`, {
    hint: "Use a new key for every new request.",
  });
}
