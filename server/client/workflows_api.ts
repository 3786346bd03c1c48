import type { Json } from "../../engine/value.ts";
import type { HttpClient } from "./http.ts";
import type { RequestOptions } from "./options.ts";

/** A saved workflow in a list. */
export interface WorkflowListing {
  /** Unique on the server. */
  id: string;
  /** What it is called. */
  name: string;
  /** For people. */
  description: string | null;
  /** How many there are. */
  nodes: number;
  /** How many it has. */
  connections: number;
}

/** A saved workflow. */
export interface SavedWorkflow {
  /** As it was saved. */
  document: Json;
  /** Names this version: `put` and `delete` refuse with `precondition_failed` if it is no longer the newest. */
  etag: string | undefined;
}

/** How to change a saved workflow. */
export interface ChangeOptions extends RequestOptions {
  /** Only if this is still the newest version. */
  ifMatch?: string | undefined;
}

/**
 * The workflows that a server has saved.
 *
 * ```ts
 * import { connect, debugLog, workflow } from "flowengine";
 *
 * const wf = workflow("nightly");
 * wf.add("log", debugLog());
 * const { workflows } = connect("http://127.0.0.1:3000");
 * console.log(await workflows.create(wf), (await workflows.list()).length);
 * ```
 */
export class WorkflowsApi {
  readonly #http: HttpClient;

  /** Made by `connect`. */
  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** All of them, by id. */
  async list({ signal }: RequestOptions = {}): Promise<WorkflowListing[]> {
    return await this.#http.json({ path: "/api/workflows", signal });
  }

  /** The newest version, or the one asked for. @throws {FlowError} `not_found` */
  async get(id: string, { version, signal }: RequestOptions & { version?: number } = {}): Promise<SavedWorkflow> {
    const { text, headers } = await this.#http.read({ path: pathOf(id), query: { version }, signal });
    return { document: JSON.parse(text), etag: headers.get("ETag") ?? undefined };
  }

  /** Saves a new workflow; answers its id. @throws {WorkflowError}, {FlowError} `conflict` if the id is taken */
  async create(document: unknown, { signal }: RequestOptions = {}): Promise<string> {
    const { id } = await this.#http.json<{ id: string }>({
      method: "POST",
      path: "/api/workflows",
      body: document,
      signal,
    });
    return id;
  }

  /** Saves a new version, or a new workflow. @throws {WorkflowError}, {FlowError} `precondition_failed` */
  async put(id: string, document: unknown, { ifMatch, signal }: ChangeOptions = {}): Promise<void> {
    await this.#http.json({ method: "PUT", path: pathOf(id), body: document, headers: conditions(ifMatch), signal });
  }

  /** Deletes all versions. @throws {FlowError} `not_found`, `precondition_failed` */
  async delete(id: string, { ifMatch, signal }: ChangeOptions = {}): Promise<void> {
    await this.#http.json({ method: "DELETE", path: pathOf(id), headers: conditions(ifMatch), signal });
  }
}

function conditions(ifMatch: string | undefined): Record<string, string> {
  return ifMatch === undefined ? {} : { "If-Match": ifMatch };
}

function pathOf(id: string): string {
  return `/api/workflows/${encodeURIComponent(id)}`;
}
