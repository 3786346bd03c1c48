import { encodePlain } from "../engine/encode_document.ts";
import { FlowError } from "../engine/errors.ts";
import type { HandlerName } from "../engine/events.ts";
import type { NodeDefinition } from "../engine/node.ts";
import type { ConfiguredNode } from "../engine/node_type.ts";
import { isPlainObject, showValue } from "../engine/plain.ts";
import { OutputPort, type WorkflowIdentity } from "../engine/typed_expression.ts";
import type { Json, Value, Values } from "../engine/value.ts";
import type { Connection } from "../engine/workflow.ts";
import * as builtins from "./builtin_nodes.ts";
import { checkIsOf, toDocumentValue } from "./document_value.ts";
import { encodeOptions, type NodeOptions } from "./node_options.ts";
import type { WorkflowOptions } from "./workflow_options.ts";

/** What is added as a node. */
export interface NodeDraft {
  readonly id: string;
  readonly node: ConfiguredNode & { readonly options?: NodeOptions };
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: NodeOptions | undefined;
}

/** Every engine has these. */
const BUILTINS: ReadonlySet<NodeDefinition> = new Set(Object.values(builtins));

/** The parts of a document as they come together, and the code that its nodes need. What is of it refers to it. */
export class DocumentDraft implements WorkflowIdentity {
  readonly id: string;
  readonly outputs: Values = {};
  readonly inputs: Values;
  readonly #head: Values;
  readonly #settings: Values;
  readonly #nodes: Values[] = [];
  readonly #handlers = new Map<HandlerName, Values[]>();
  readonly #connections: Connection[] = [];
  readonly #ids = new Set<string>();
  readonly #definitions = new Map<string, NodeDefinition>();

  constructor(id: string, { inputs = {}, settings = {}, ...head }: WorkflowOptions) {
    this.id = id;
    this.#head = { id, ...toDocumentValue(head, "the workflow", this) as Values };
    this.inputs = toDocumentValue(inputs, "inputs", this) as Values;
    this.#settings = toDocumentValue(settings, "settings", this) as Values;
  }

  /** The node types that are not built in. */
  get definitions(): NodeDefinition[] {
    return [...this.#definitions.values()];
  }

  /** @throws {FlowError} `conflict` if the id, or the name of the node type, stands for something else already */
  addNode(draft: NodeDraft): void {
    const { literals, connections } = this.#split(draft);
    this.#nodes.push(this.#encode(draft, literals));
    this.#connections.push(...connections);
  }

  /** Like {@link addNode}; nothing can be connected to a handler, so that outputs become expressions. */
  addHandler(when: HandlerName, draft: NodeDraft): void {
    const encoded = this.#encode(draft, draft.inputs ?? {});
    this.#handlers.set(when, [...this.#handlers.get(when) ?? [], encoded]);
  }

  addConnection(connection: Connection): void {
    this.#connections.push(connection);
  }

  toJSON(): { [name: string]: Json } {
    const handlers = Object.fromEntries(this.#handlers);
    const settings = { ...this.#settings, ...handlers };
    const isEmpty = (values: Values) => Object.keys(values).length === 0;
    return {
      ...encodeAll(this.#head),
      ...(isEmpty(this.inputs) ? {} : { inputs: encodeAll(this.inputs) }),
      nodes: this.#nodes.map(encodeNode),
      ...(this.#connections.length === 0 ? {} : { connections: this.#connections.map((edge) => ({ ...edge })) }),
      ...(isEmpty(this.outputs) ? {} : { outputs: encodeAll(this.outputs) }),
      ...(isEmpty(settings) ? {} : { settings: encodeSettings(settings) }),
    };
  }

  #split({ id, inputs = {} }: NodeDraft): { literals: Record<string, unknown>; connections: Connection[] } {
    const literals: Record<string, unknown> = {};
    const connections: Connection[] = [];
    for (const [port, value] of Object.entries(inputs)) {
      if (!(value instanceof OutputPort)) literals[port] = value;
      else {
        checkIsOf(this, OutputPort.workflowOf(value), `${value}`, `input "${port}" of node ${showValue(id)}`);
        connections.push({ from_node: value.node_id, from_port: value.port, to_node: id, to_port: port });
      }
    }
    return { literals, connections };
  }

  #encode({ id, node, options }: NodeDraft, literals: Readonly<Record<string, unknown>>): Values {
    checkIsNode(id, node);
    const inputs = toDocumentValue(literals, `the inputs of node ${showValue(id)}`, this) as Values;
    const config = toDocumentValue(node.config, `the config of node ${showValue(id)}`, this) as Values;
    const encoded = {
      id,
      node_type: node.definition.type,
      ...(Object.keys(config).length === 0 ? {} : { config }),
      ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
      ...encodeOptions({ ...node.options, ...options }, this) as Values,
    };
    this.#know(id, node.definition);
    for (const value of Object.values(node.config)) this.#adopt(id, value);
    if (this.#ids.has(id)) {
      throw new FlowError("conflict", `Cannot add node ${showValue(id)}: there is one with that id`, {
        hint: "Give each node an id of its own.",
      });
    }
    this.#ids.add(id);
    return encoded;
  }

  /** A workflow that is called brings its node types along. */
  #adopt(id: string, value: unknown): void {
    if (typeof value !== "object" || value === null || !("nodeTypes" in value) || !Array.isArray(value.nodeTypes)) {
      return;
    }
    for (const definition of value.nodeTypes) this.#know(id, definition);
  }

  #know(id: string, definition: NodeDefinition): void {
    if (BUILTINS.has(definition)) return;
    const known = this.#definitions.get(definition.type);
    if (known !== undefined && known !== definition) {
      throw new FlowError(
        "conflict",
        `Cannot add node ${showValue(id)}: "${definition.type}" is other code than that of a node before it`,
        { hint: "Make it once and add it as often as you like, or give one of them another name." },
      );
    }
    this.#definitions.set(definition.type, definition);
  }
}

function checkIsNode(id: string, node: unknown): void {
  if (isPlainObject(node) && isPlainObject(node.config) && node.definition !== undefined) return;
  throw new FlowError("invalid_argument", `Cannot add node ${showValue(id)}: ${showValue(node)} is no node`, {
    hint: 'Pass a node type with its config, such as httpRequest({ url: "..." }), or task(fn).',
  });
}

function encodeAll(values: Values): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, encodePlain(value)]));
}

/** The names of fields are no part of a value, so each value is encoded by itself. */
function encodeNode({ config, inputs, ...fields }: Values): Json {
  const isValues = (value: Value | undefined): value is Values => value !== undefined;
  return {
    ...encodeAll(fields),
    ...(isValues(config) ? { config: encodeAll(config) } : {}),
    ...(isValues(inputs) ? { inputs: encodeAll(inputs) } : {}),
  };
}

function encodeSettings(settings: Values): Json {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      name.startsWith("on_") && Array.isArray(value)
        ? value.map((node) => encodeNode(node as Values))
        : encodePlain(value),
    ]),
  );
}
