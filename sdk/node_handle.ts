import { FlowError } from "../engine/errors.ts";
import type { Ports } from "../engine/node.ts";
import type { OutputPortOf } from "../engine/node_type.ts";
import { showValue } from "../engine/plain.ts";
import { OutputPort, type WorkflowIdentity } from "../engine/typed_expression.ts";

/** The names of output ports: those that are declared, and any others if the node puts out what it is given. */
export type PortName<V, Open extends boolean> = Open extends true ? keyof V & string | (string & Record<never, never>)
  : keyof V & string;

/** The output port of that name. */
export type PortNamed<V, P> = P extends keyof V ? OutputPortOf<V[P]> : OutputPort<never>;

/**
 * A node of a workflow under construction. `I`: its input ports; `V`: the values of its outputs; `Open`: any others, too.
 *
 * ```ts
 * import { delay, workflow } from "flowengine";
 *
 * const wf = workflow("etl");
 * const wait = wf.add("wait", delay({ delay_ms: 5 }), { text: "hello" });
 * console.log(wait.node_id, `${wait.port("text")}`); // wait ${{ nodes.wait.text }}
 * ```
 */
export class NodeReference<out I extends Ports = Ports, V = unknown, Open extends boolean = boolean> {
  /** For the compiler alone: there is no such property. */
  declare protected readonly inputPorts?: I;
  /** Its id in the workflow. */
  readonly node_id: string;
  readonly #workflow: WorkflowIdentity;

  /** Made by `workflow().add`; the node need not be there yet. */
  constructor(nodeId: string, workflow: WorkflowIdentity) {
    this.node_id = nodeId;
    this.#workflow = workflow;
  }

  /** The workflow that the node is in. */
  static workflowOf(reference: NodeReference): WorkflowIdentity {
    return reference.#workflow;
  }

  /** For texts: a node has no value, its ports have. @throws {FlowError} `invalid_argument` */
  [Symbol.toPrimitive](): never {
    throw new FlowError("invalid_argument", `Cannot use node ${showValue(this.node_id)} as a text: it has no value`, {
      hint: "Name one of its output ports, such as node.output, or its node_id.",
    });
  }

  /** An output port by its name: for names that are no property, and for nodes that pass their inputs on. */
  port<P extends PortName<V, Open>>(name: P): PortNamed<V, P> {
    return new OutputPort(this.node_id, name, this.#workflow) as PortNamed<V, P>;
  }
}

/**
 * A node of a workflow under construction; its properties are its output ports.
 *
 * ```ts
 * import { debugLog, httpRequest, workflow } from "flowengine";
 *
 * const wf = workflow("etl");
 * const page = wf.add("fetch", httpRequest({ url: "https://example.com" }));
 * wf.add("log", debugLog(), { message: page.body, status: page.status });
 * ```
 *
 * A port that is called like a member of {@link NodeReference} is reached with `port(name)`.
 */
export type NodeHandle<I extends Ports = Ports, V = unknown, Open extends boolean = boolean> =
  & NodeReference<I, V, Open>
  & { readonly [P in Exclude<keyof V, keyof NodeReference>]: OutputPortOf<V[P]> };

/** What a handle has besides its ports; of all that objects have, such as `constructor`, ports win. */
const MEMBERS: readonly string[] = ["node_id", "port"] satisfies (keyof NodeReference)[];

/** A handle with a property for each of these ports. */
export function createHandle(workflow: WorkflowIdentity, nodeId: string, ports: readonly string[]): NodeReference {
  const reference = new NodeReference(nodeId, workflow);
  for (const port of ports) {
    if (MEMBERS.includes(port)) continue;
    Object.defineProperty(reference, port, { get: () => reference.port(port), enumerable: true });
  }
  return reference;
}
