import { HTTPException } from "hono/http-exception";
import { FlowError } from "../engine/errors.ts";
import { parseWorkflow } from "../engine/parse.ts";
import type { Awaitable, WorkflowVersion } from "../engine/store.ts";
import type { Workflow } from "../engine/workflow.ts";
import { nameSchema } from "../engine/workflow_schema.ts";
import type { ServerPorts } from "./ports.ts";

const UNSUPPORTED_MEDIA_TYPE = 415;

/** The newest version of a saved workflow, or the one asked for. @throws {FlowError} `not_found` */
export async function loadWorkflow({ engine }: ServerPorts, id: string, version?: number): Promise<WorkflowVersion> {
  const found = await engine.store.loadWorkflow(id, version);
  if (found !== undefined) return found;
  const what = version === undefined ? "No workflow" : `No version ${version} of a workflow`;
  throw new FlowError("not_found", `${what} has the id "${id}"`, {
    hint: "GET /api/workflows lists those that there are.",
  });
}

/**
 * The document in a request body: JSON, or YAML if its type says so.
 *
 * @throws {WorkflowError} with all its problems
 * @throws {HTTPException} 415 if its type is neither
 */
export async function readDocument(
  { engine }: ServerPorts,
  text: string,
  contentType: string | undefined,
): Promise<Workflow> {
  // Other types are those that a form of a foreign page can send.
  if (!/json|ya?ml/i.test(mediaType(contentType))) throw new HTTPException(UNSUPPORTED_MEDIA_TYPE);
  const format = /ya?ml/i.test(mediaType(contentType)) ? "yaml" : "json";
  return await parseWorkflow(text, { registry: engine.registry, format });
}

/** Without parameters, in which a form can write what it wants. */
function mediaType(contentType: string | undefined): string {
  return contentType?.split(";")[0] ?? "";
}

/** Gives a document that has no id the one of its path. @throws {FlowError} `invalid_argument` if it has another one */
export function placeAt(id: string, workflow: Workflow, text: string): Workflow {
  if (workflow.id === id) return workflow;
  const { error } = nameSchema().safeParse(id);
  if (error !== undefined) throw unusableId(id, error.issues[0]?.message ?? "it is invalid");
  if (!hasId(text)) return { ...workflow, id, name: workflow.name === workflow.id ? id : workflow.name };
  throw new FlowError("invalid_argument", `Cannot save workflow "${workflow.id}" as "${id}": the ids differ`, {
    hint: "Send it to the path with its own id, or leave the id out of a JSON document.",
  });
}

function unusableId(id: string, state: string): FlowError {
  return new FlowError("invalid_argument", `Cannot save a workflow as ${JSON.stringify(id)}: ${state}`, {
    hint: "Choose another id.",
  });
}

/** Of YAML it is not known without reading it again: then it counts as having one. */
function hasId(text: string): boolean {
  try {
    const raw: unknown = JSON.parse(text);
    return typeof raw !== "object" || raw === null || ("id" in raw && raw.id !== null);
  } catch {
    return true;
  }
}

/** The strong validator of a version. Of a workflow that was deleted and made anew, version 1 is another one. */
export function etagOf({ version, created_at }: WorkflowVersion): string {
  return `"${version}-${Date.parse(created_at).toString(36)}"`;
}

/** What a client knows of the workflow that it wants to change. */
export interface Preconditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

/**
 * The version that a change is to be made to, for the store to check again: 0 for none, undefined for any.
 *
 * @throws {FlowError} `precondition_failed`
 */
export function expectedVersion(
  id: string,
  newest: WorkflowVersion | undefined,
  { ifMatch, ifNoneMatch }: Preconditions,
): number | undefined {
  if (ifNoneMatch !== undefined && newest !== undefined && matches(ifNoneMatch, newest)) {
    throw preconditionFailed(id, "it exists", "Leave out If-None-Match to replace it.");
  }
  if (ifMatch !== undefined && (newest === undefined || !matches(ifMatch, newest))) {
    const state = newest === undefined ? "it does not exist" : "it has been changed meanwhile";
    throw preconditionFailed(id, state, "Load it again, and make your change there.");
  }
  if (ifNoneMatch?.trim() === "*") return 0;
  return ifMatch === undefined ? undefined : newest?.version;
}

/** Whether a list of entity tags, as in If-Match and If-None-Match, names this version. */
export function matches(tags: string, version: WorkflowVersion): boolean {
  const own = etagOf(version);
  return tags.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === own);
}

/** Saves a workflow that must be new. @throws {FlowError} `conflict`, and `invalid_argument` if no path could name it */
export async function createWorkflow({ engine, clock }: ServerPorts, workflow: Workflow): Promise<WorkflowVersion> {
  if (workflow.id === "." || workflow.id === "..") throw unusableId(workflow.id, "in paths that is a folder");
  try {
    return await engine.store.saveWorkflow(workflow, clock.now(), 0);
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "conflict") throw error;
    throw new FlowError("conflict", `Cannot create workflow "${workflow.id}": it exists already`, {
      hint: "PUT it to /api/workflows/{id} to replace it.",
    });
  }
}

/** Makes a change; if somebody else was faster than the check before it, the precondition has failed after all. */
export async function orPreconditionFailed<T>(id: string, change: () => Awaitable<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "conflict") throw error;
    throw preconditionFailed(id, "it has been changed meanwhile", "Load it again, and make your change there.");
  }
}

function preconditionFailed(id: string, state: string, hint: string): FlowError {
  return new FlowError("precondition_failed", `Cannot change workflow "${id}": ${state}`, { hint });
}
