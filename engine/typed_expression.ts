import { FlowError } from "./errors.ts";
import { isPlainObject, showValue } from "./plain.ts";

const PLAIN_NAME = /^[A-Za-z_]\w*$/;
/** What stays whole wherever it is put: a path, such as nodes.a.text[0]. */
const OPERAND = /^(?:\$?\w+|`[^`]*`)(?:\.(?:\w+|`[^`]*`)|\[\d+\])*$/;
/** Words of JSONata that are operators or values. */
const RESERVED = new Set(["and", "or", "in", "true", "false", "null", "function"]);

/** A workflow under construction, as its parts know it. */
export interface WorkflowIdentity {
  /** Of the workflow. */
  readonly id: string;
}

/**
 * Stands for a value that there will be when the workflow runs; `T` is its type. In a config, in inputs and in texts it
 * becomes the expression of a document: `` `Hello ${name}` `` is `Hello ${{ inputs.name }}`.
 *
 * ```ts
 * import { expression } from "flowengine";
 *
 * const total = expression<number>`nodes.count.result * 2`;
 * console.log(`${total}`); // ${{ nodes.count.result * 2 }}
 * ```
 */
export class Expression<out T = unknown> {
  /** For the compiler alone: there is no such property. */
  declare protected readonly valueType?: T;
  /** In the language of expressions, without `${{ }}`. */
  readonly source: string;
  readonly #workflow: WorkflowIdentity | undefined;

  /** `source` is not checked before the workflow is; `workflow` is the only one that it can be used in, if given. */
  constructor(source: string, workflow?: WorkflowIdentity) {
    this.source = source;
    this.#workflow = workflow;
  }

  /** The workflow that its values are of, unless it may be any. */
  static workflowOf(expression: Expression): WorkflowIdentity | undefined {
    return expression.#workflow;
  }

  /** A part of the value: a property of an object, or an item of a list. */
  get<K extends keyof T & (string | number)>(key: K): Expression<T[K]> {
    const whole = toOperand(this.source);
    return new Expression(typeof key === "number" ? `${whole}[${key}]` : `${whole}.${quoteName(key)}`, this.#workflow);
  }

  /** The same value, taken to be of another type by you. */
  as<U>(): Expression<U> {
    return this as unknown as Expression<U>;
  }

  /** As it stands in a document: `${{ ... }}`. */
  toString(): string {
    return `\${{ ${this.source} }}`;
  }

  /** What `JSON.stringify` writes: the same. */
  toJSON(): string {
    return this.toString();
  }
}

/**
 * An output port of a node in a workflow: connect it to an input, or use it in a config.
 *
 * ```ts
 * import { httpRequest, type OutputPort, workflow } from "flowengine";
 *
 * const wf = workflow("etl");
 * const page = wf.add("fetch", httpRequest({ url: "https://example.com" }));
 * const status: OutputPort<number> = page.status;
 * console.log(status.node_id, status.port, `${status}`); // fetch status ${{ nodes.fetch.status }}
 * ```
 */
export class OutputPort<out T = unknown> extends Expression<T> {
  /** The node that answers it. */
  readonly node_id: string;
  /** The name of the port. */
  readonly port: string;

  /**
   * `nodeId` need not be there yet; `workflow` is the one that it is in.
   * @throws {FlowError} `invalid_argument` if a name has a backtick in it
   */
  constructor(nodeId: string, port: string, workflow?: WorkflowIdentity) {
    super(`nodes.${quoteName(nodeId)}.${quoteName(port)}`, workflow);
    this.node_id = nodeId;
    this.port = port;
  }

  /** The same port, whose value is taken to be of another type by you. */
  override as<U>(): OutputPort<U> {
    return this as unknown as OutputPort<U>;
  }
}

/**
 * An [expression](https://docs.jsonata.org) over values that there will be. What stands in `${ }` is a reference to such
 * a value, which is computed first, or becomes a literal, in which such references may stand as well.
 *
 * ```ts
 * import { debugLog, expression, shellExec, workflow } from "flowengine";
 *
 * const wf = workflow("count");
 * const list = wf.add("list", shellExec({ command: "ls" }));
 * wf.add("log", debugLog(), { message: expression<string>`$uppercase(${list.stdout}) & ${"!"}` });
 * ```
 *
 * @throws {FlowError} `invalid_argument` if a value cannot be written as JSON, or references are of several workflows
 */
export function expression<T = never>(texts: TemplateStringsArray, ...values: unknown[]): Expression<NoInfer<T>> {
  const workflows = new Set<WorkflowIdentity>();
  const parts = values.map((value, index) => `${texts[index] ?? ""}${toSource(value, workflows)}`);
  const source = `${parts.join("")}${texts[values.length] ?? ""}`.trim();
  if (workflows.size > 1) {
    const names = [...workflows].map(({ id }) => JSON.stringify(id)).join(" and ");
    throw new FlowError("invalid_argument", `Cannot make the expression "${source}": it is about workflows ${names}`, {
      hint: "Refer to nodes and inputs of one workflow.",
    });
  }
  return new Expression(source, ...workflows);
}

/** A name as it stands in a path. @throws {FlowError} `invalid_argument` if it has a backtick in it */
export function quoteName(name: string): string {
  if (PLAIN_NAME.test(name) && !RESERVED.has(name)) return name;
  if (!name.includes("`")) return `\`${name}\``;
  throw new FlowError("invalid_argument", `Cannot refer to ${JSON.stringify(name)}: there is a backtick in it`, {
    hint: "Give it a name without backticks.",
  });
}

/** Nothing around it takes it apart. */
function toOperand(source: string): string {
  return OPERAND.test(source) ? source : `(${source})`;
}

function toSource(value: unknown, workflows: Set<WorkflowIdentity>): string {
  if (value instanceof Expression) {
    const workflow = Expression.workflowOf(value);
    if (workflow !== undefined) workflows.add(workflow);
    return toOperand(value.source);
  }
  if (Array.isArray(value)) return `[${value.map((item) => toSource(item, workflows)).join(", ")}]`;
  if (isPlainObject(value)) {
    const fields = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${fields.map(([name, item]) => `${JSON.stringify(name)}: ${toSource(item, workflows)}`).join(", ")}}`;
  }
  return toLiteral(value);
}

function toLiteral(value: unknown): string {
  if (value === undefined) return "null";
  if (typeof value === "string" || typeof value === "boolean" || value === null || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  throw new FlowError("invalid_argument", `Cannot use ${showValue(value)} in an expression: it is no JSON`, {
    hint: "Give text, numbers, lists and objects of them, or outputs of nodes.",
  });
}
