import { FlowError } from "./errors.ts";

const PLAIN_NAME = /^[A-Za-z_]\w*$/;
/** Words of JSONata that are operators or values. */
const RESERVED = new Set(["and", "or", "in", "true", "false", "null", "function"]);

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

  /** `source` is not checked before the workflow is. */
  constructor(source: string) {
    this.source = source;
  }

  /** A part of the value: a property of an object, or an item of a list. */
  get<K extends keyof T & (string | number)>(key: K): Expression<T[K]> {
    return new Expression(typeof key === "number" ? `${this.source}[${key}]` : `${this.source}.${quoteName(key)}`);
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

  /** `nodeId` need not be there yet. @throws {FlowError} `invalid_argument` if a name has a backtick in it */
  constructor(nodeId: string, port: string) {
    super(`nodes.${quoteName(nodeId)}.${quoteName(port)}`);
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
 * a value, or becomes a literal.
 *
 * ```ts
 * import { debugLog, expression, shellExec, workflow } from "flowengine";
 *
 * const wf = workflow("count");
 * const list = wf.add("list", shellExec({ command: "ls" }));
 * wf.add("log", debugLog(), { message: expression<string>`$uppercase(${list.stdout}) & ${"!"}` });
 * ```
 */
export function expression<T = never>(texts: TemplateStringsArray, ...values: unknown[]): Expression<NoInfer<T>> {
  const parts = values.map((value, index) => `${texts[index] ?? ""}${toSource(value)}`);
  return new Expression(`${parts.join("")}${texts[values.length] ?? ""}`.trim());
}

/** A name as it stands in a path. @throws {FlowError} `invalid_argument` if it has a backtick in it */
export function quoteName(name: string): string {
  if (PLAIN_NAME.test(name) && !RESERVED.has(name)) return name;
  if (!name.includes("`")) return `\`${name}\``;
  throw new FlowError("invalid_argument", `Cannot refer to ${JSON.stringify(name)}: there is a backtick in it`, {
    hint: "Give it a name without backticks.",
  });
}

function toSource(value: unknown): string {
  return value instanceof Expression ? value.source : JSON.stringify(value) ?? "null";
}
