import type { ExecutionHandle } from "../engine/engine_options.ts";
import type { HandlerName } from "../engine/events.ts";
import type { NodeDefinition, Ports } from "../engine/node.ts";
import type { ConfiguredNode, OpenValue, PortInputs, PortValues } from "../engine/node_type.ts";
import { setOwn } from "../engine/plain.ts";
import { Expression, OutputPort, quoteName } from "../engine/typed_expression.ts";
import type { Json, Values } from "../engine/value.ts";
import type { ExecutionResult } from "../engine/verdict.ts";
import type { RemoteExecutionHandle } from "../server/client/execution_handle.ts";
import { DocumentDraft } from "./document_draft.ts";
import { checkIsOf, toDocumentValue } from "./document_value.ts";
import { createHandle, type NodeHandle, NodeReference } from "./node_handle.ts";
import type { NodeOptions } from "./node_options.ts";
import { resumeWorkflow, runWorkflow, startRemotely, startWorkflow } from "./run_workflow.ts";
import type {
  InputDeclaration,
  InputDeclarations,
  InputReference,
  InputValue,
  LocalPlace,
  RemoteRunOptions,
  RunOptions,
  WorkflowOptions,
} from "./workflow_options.ts";

/** The inputs of a node, which may be left out if there is none that it needs, and its options. */
export type NodeArguments<I extends Ports, X> = Record<never, never> extends PortInputs<I>
  ? [inputs?: PortInputs<I>, options?: X]
  : [inputs: PortInputs<I>, options?: X];

/** What outputs are behind a `map`: lists. Of those that may be anything nothing is known but that. */
export type MappedValues<V, X> = X extends { readonly map: { readonly on_error: "continue" } }
  ? { [K in keyof V]: ListOf<V[K], null> }
  : X extends { readonly map: object } ? { [K in keyof V]: ListOf<V[K], never> }
  : V;

/** A list of such values. */
export type ListOf<T, Gap> = Json extends T ? never[] : (T | Gap)[];

/** Whether ports of any name are welcome. */
export type IsOpen<P extends Ports> = P extends Ports<infer _, infer Open> ? Open : boolean;

/** What `add` answers. */
export type AddedNode<I extends Ports, O extends Ports, X> = NodeHandle<I, MappedValues<PortValues<O>, X>, IsOpen<O>>;

/** The arguments of a run, which may be left out if there is no input that has to be given. */
export type RunArguments<Options> = Record<never, never> extends Options ? [options?: Options] : [options: Options];

/**
 * A workflow under construction, as {@link workflow} makes it. It is a document with code: whatever takes a document
 * takes it too (`parseWorkflow`, `JSON.stringify`, a client's `start`, `export const workflow` of a file for `flow run`).
 *
 * ```ts
 * import { parseWorkflow, shellExec, workflow } from "flowengine";
 *
 * const wf = workflow("hello");
 * wf.add("greet", shellExec({ command: "echo", args: ["hello"] }));
 * console.log(JSON.stringify(wf, null, 2), (await parseWorkflow(wf)).nodes.length);
 * ```
 */
export class WorkflowBuilder<In extends InputDeclarations = InputDeclarations> {
  /** Of the workflow. */
  readonly id: string;
  readonly #draft: DocumentDraft;

  /** See {@link workflow}. @throws {FlowError} `invalid_argument` if something in `options` is no value */
  constructor(id: string, options: WorkflowOptions<In> = {}) {
    this.id = id;
    this.#draft = new DocumentDraft(id, options);
  }

  /** Node types of yours that its nodes have, called workflows included: what an engine needs besides the built-in ones. */
  get nodeTypes(): NodeDefinition[] {
    return this.#draft.definitions;
  }

  /**
   * Adds a node. `inputs` are values, expressions, or outputs of other nodes, which makes connections.
   *
   * ```ts
   * import { debugLog, httpRequest, workflow } from "flowengine";
   *
   * const wf = workflow("etl");
   * const a = wf.add("fetch", httpRequest({ url: "https://example.com" }), {}, { retry: 3, timeout: 10 });
   * wf.add("log", debugLog({}), { message: a.body });
   * ```
   *
   * @throws {FlowError} `conflict` if the id is taken; `invalid_argument` if something in it is no value, or of another
   * workflow
   */
  add<I extends Ports, O extends Ports, const X extends NodeOptions>(
    id: string,
    node: ConfiguredNode<I, O>,
    ...[inputs, options]: NodeArguments<I, X>
  ): AddedNode<I, O, X> {
    this.#draft.addNode({ id, node, inputs, options });
    return createHandle(this.#draft, id, Object.keys(node.definition.outputs.shape)) as AddedNode<I, O, X>;
  }

  /** Connects an output to an input of a node that has been added. @throws {FlowError} `invalid_argument` */
  connect<I extends Ports, P extends keyof PortInputs<I> & string>(
    from: OutputPort & PortInputs<I>[P],
    to: NodeReference<I>,
    port: P,
  ): this {
    const place = `input "${port}" of node "${to.node_id}"`;
    checkIsOf(this.#draft, OutputPort.workflowOf(from), `${from}`, place);
    checkIsOf(this.#draft, NodeReference.workflowOf(to), `node "${to.node_id}"`, "a connection");
    this.#draft.addConnection({ from_node: from.node_id, from_port: from.port, to_node: to.node_id, to_port: port });
    return this;
  }

  /**
   * An input of the workflow: one that `workflow()` has declared, or one that is declared here.
   *
   * ```ts
   * import { httpRequest, workflow } from "flowengine";
   *
   * const wf = workflow("etl", { inputs: { url: { type: "string" } } });
   * const seconds = wf.input("seconds", { type: "number", default: 10 });
   * wf.add("fetch", httpRequest({ url: wf.input("url"), timeout: seconds }));
   * await wf.run({ inputs: { url: "https://example.com" } }).catch(console.error);
   * ```
   */
  input<K extends keyof In & string>(name: K): InputReference<InputValue<In[K]>>;
  /** Declares another input, and answers it. */
  input<const D extends InputDeclaration>(name: string, declaration: D): InputReference<InputValue<D>>;
  input(name: string, declaration?: InputDeclaration): Expression {
    if (declaration !== undefined) {
      setOwn(this.#draft.inputs, name, toDocumentValue(declaration, `input "${name}"`, this.#draft));
    }
    return new Expression(`inputs.${quoteName(name)}`, this.#draft);
  }

  /** Declares what the workflow answers; without any, it answers the outputs of the nodes that lead nowhere. */
  output(name: string, value: OpenValue): this {
    setOwn(this.#draft.outputs, name, toDocumentValue(value, `output "${name}"`, this.#draft));
    return this;
  }

  /** Adds a node that runs after the others, if the execution has succeeded. */
  onSuccess<I extends Ports, O extends Ports, const X extends NodeOptions>(
    id: string,
    node: ConfiguredNode<I, O>,
    ...rest: NodeArguments<I, X>
  ): AddedNode<I, O, X> {
    return this.#handle("on_success", id, node, ...rest);
  }

  /** Adds a node that runs after the others, if the execution has failed. */
  onFailure<I extends Ports, O extends Ports, const X extends NodeOptions>(
    id: string,
    node: ConfiguredNode<I, O>,
    ...rest: NodeArguments<I, X>
  ): AddedNode<I, O, X> {
    return this.#handle("on_failure", id, node, ...rest);
  }

  /** Adds a node that runs last of all, however the execution has ended. */
  onExit<I extends Ports, O extends Ports, const X extends NodeOptions>(
    id: string,
    node: ConfiguredNode<I, O>,
    ...rest: NodeArguments<I, X>
  ): AddedNode<I, O, X> {
    return this.#handle("on_exit", id, node, ...rest);
  }

  #handle<I extends Ports, O extends Ports, X extends NodeOptions>(
    when: HandlerName,
    id: string,
    node: ConfiguredNode<I, O>,
    ...[inputs, options]: NodeArguments<I, X>
  ): AddedNode<I, O, X> {
    this.#draft.addHandler(when, { id, node, inputs, options });
    return createHandle(this.#draft, id, Object.keys(node.definition.outputs.shape)) as AddedNode<I, O, X>;
  }

  /** The document, which `flow run` runs as long as all of its node types are known there. */
  toJSON(): { [name: string]: Json } {
    return this.#draft.toJSON();
  }

  /**
   * Runs it to its end: in an engine of its own, in `engine`, or on the server of `client`. Whether it has succeeded is
   * in the result's `status`.
   *
   * @throws {WorkflowError} `invalid_workflow` with all problems at once
   */
  async run(...[options]: RunArguments<RunOptions<In> | RemoteRunOptions<In>>): Promise<ExecutionResult<Values>> {
    return await runWorkflow(this, options);
  }

  /** Starts it, and answers a handle of the execution: its events, its result, a way to cancel it. */
  start(options: RemoteRunOptions<In>): Promise<RemoteExecutionHandle<Values>>;
  /** The same, in this process. */
  start(...[options]: RunArguments<RunOptions<In>>): Promise<ExecutionHandle<Values>>;
  async start(
    options?: RunOptions | RemoteRunOptions,
  ): Promise<ExecutionHandle<Values> | RemoteExecutionHandle<Values>> {
    return options?.client === undefined ? await startWorkflow(this, options) : await startRemotely(this, options);
  }

  /**
   * Goes on with an execution of this workflow that another process has left unfinished, with the code of this one: what
   * has completed stays, what was cut off runs again.
   *
   * @throws {FlowError} `not_found`; `conflict` if it has ended or another process drives it
   */
  async resume(executionId: string, place: LocalPlace): Promise<ExecutionHandle<Values>> {
    return await resumeWorkflow(this, executionId, place);
  }
}

/**
 * Begins a workflow.
 *
 * ```ts
 * import { debugLog, httpRequest, workflow } from "flowengine";
 *
 * const wf = workflow("etl");
 * const a = wf.add("fetch", httpRequest({ url: "https://example.com" }));
 * wf.add("log", debugLog({}), { message: a.body });
 * const { status, outputs } = await wf.run();
 * console.log(status, outputs);
 * ```
 */
export function workflow<const In extends InputDeclarations = Record<never, never>>(
  id: string,
  options?: WorkflowOptions<In>,
): WorkflowBuilder<In> {
  return new WorkflowBuilder(id, options);
}
