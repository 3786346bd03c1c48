import type { Values } from "../../engine/value.ts";
import type { ExecutionResult, NodeOutputs } from "../../engine/verdict.ts";
import type { NodeDescription } from "../node_description.ts";
import type { RemoteExecutionHandle } from "./execution_handle.ts";
import { ExecutionsApi, type RemoteStartOptions } from "./executions_api.ts";
import { HttpClient } from "./http.ts";
import type { ConnectOptions, RequestOptions } from "./options.ts";
import { WorkflowsApi } from "./workflows_api.ts";

const DEFAULT_PATIENCE_MS = 60_000;

/**
 * A flow server, as {@link connect} makes it. Everything that goes wrong is a `FlowError` with the server's code.
 *
 * ```ts
 * import { connect } from "flowengine";
 *
 * const client = connect("http://127.0.0.1:3000");
 * console.log((await client.health()).version, (await client.nodeTypes()).length);
 * ```
 */
export class FlowClient {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  /** What has run and runs there. */
  readonly executions: ExecutionsApi;
  /** What is saved there. */
  readonly workflows: WorkflowsApi;
  readonly #http: HttpClient;

  /** Made by {@link connect}. */
  constructor(url: string | URL, options: ConnectOptions) {
    this.#http = new HttpClient(url, options);
    this.url = this.#http.url;
    this.executions = new ExecutionsApi(this.#http, options.patienceMs ?? DEFAULT_PATIENCE_MS);
    this.workflows = new WorkflowsApi(this.#http);
  }

  /** Whether the server answers, and its version. */
  async health({ signal }: RequestOptions = {}): Promise<{ status: "healthy"; version: string; service: string }> {
    return await this.#http.json({ path: "/health", signal });
  }

  /** The node types that workflows may use there. */
  async nodeTypes({ signal }: RequestOptions = {}): Promise<NodeDescription[]> {
    return await this.#http.json({ path: "/api/nodes", signal });
  }

  /** What a node type takes and gives. @throws {FlowError} `not_found` */
  async nodeType(type: string, { signal }: RequestOptions = {}): Promise<NodeDescription> {
    return await this.#http.json({ path: `/api/nodes/${encodeURIComponent(type)}`, signal });
  }

  /**
   * Starts a saved workflow, by its id, or a document.
   *
   * @throws {WorkflowError} `invalid_workflow` with every problem of the document
   * @throws {FlowError} `not_found`, `invalid_input`, ...
   */
  async start<O extends Values = NodeOutputs>(
    workflow: unknown,
    options: RemoteStartOptions = {},
  ): Promise<RemoteExecutionHandle<O>> {
    return this.executions.handle<O>(await this.executions.start(workflow, options));
  }

  /** Starts a workflow and waits for its end; its result says whether it has succeeded. */
  async run<O extends Values = NodeOutputs>(
    workflow: unknown,
    options: RemoteStartOptions = {},
  ): Promise<ExecutionResult<O>> {
    return await (await this.start<O>(workflow, options)).result;
  }
}

/**
 * A client of the server at `url`. Nothing is sent before it is used.
 *
 * ```ts
 * import { connect } from "flowengine";
 *
 * const client = connect("http://127.0.0.1:3000", { token: "secret" });
 * const execution = await client.start("nightly", { inputs: { day: "monday" } });
 * for await (const event of execution.events()) console.log(event.seq, event.type);
 * console.log((await execution.result).status);
 * ```
 *
 * @throws {FlowError} `invalid_argument` if `url` is no address
 */
export function connect(url: string | URL, options: ConnectOptions = {}): FlowClient {
  return new FlowClient(url, options);
}
