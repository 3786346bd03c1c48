import type { ExecutionHandle, StartOptions } from "../engine/engine_options.ts";
import { FlowError } from "../engine/errors.ts";
import { parseWorkflow } from "../engine/parse.ts";
import { decodeValues } from "../engine/value.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { ServerPorts } from "./ports.ts";

/** What a client wants to be run. */
export interface StartRequest {
  workflow_id?: string | undefined;
  /** An inline document: data, or the text of a file. */
  workflow?: unknown;
  inputs?: Record<string, unknown> | undefined;
  verbose?: boolean | undefined;
  timeout_ms?: number | undefined;
  no_cache?: boolean | undefined;
}

/** Starts an execution of a saved workflow or of an inline document. */
export async function startExecution(ports: ServerPorts, request: StartRequest): Promise<ExecutionHandle> {
  const workflow = await chooseWorkflow(ports, request);
  const options: StartOptions = {
    inputs: decodeValues(request.inputs ?? {}),
    verbose: request.verbose ?? false,
    useCache: !request.no_cache,
    timeoutMs: request.timeout_ms,
    workdir: ports.workdir,
  };
  return await ports.engine.start(workflow, options);
}

async function chooseWorkflow(ports: ServerPorts, { workflow_id, workflow }: StartRequest): Promise<Workflow> {
  if ((workflow_id === undefined) === (workflow === undefined)) {
    const state = workflow === undefined ? "neither is given" : "both are given";
    throw new FlowError("invalid_argument", `Cannot choose between workflow_id and workflow: ${state}`, {
      hint: "Send either the id of a saved workflow or a document.",
    });
  }
  if (workflow_id !== undefined) return await loadWorkflow(ports, workflow_id);
  return await parseWorkflow(workflow, { registry: ports.engine.registry });
}

/** The newest version of a saved workflow. @throws {FlowError} `not_found` */
export async function loadWorkflow({ engine }: ServerPorts, workflowId: string): Promise<Workflow> {
  const found = await engine.store.loadWorkflow(workflowId);
  if (found !== undefined) return found.workflow;
  throw new FlowError("not_found", `No workflow has the id "${workflowId}"`, {
    hint: "GET /api/workflows lists those that there are.",
  });
}
