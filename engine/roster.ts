import { FlowError } from "./errors.ts";
import type { HandlerName, NodeSubject } from "./events.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import type { ExecutionState, NodeState } from "./state.ts";
import { Units } from "./units.ts";

/** Who is who: what the number of a unit stands for, in the document, in events and in the state. */
export class Roster {
  readonly units: Units;
  readonly #nodes: readonly PreparedNode[];
  readonly #state: ExecutionState;
  readonly #handler: HandlerName | undefined;

  /** `handler`: the one whose nodes these are. */
  constructor({ nodes }: PreparedWorkflow, state: ExecutionState, handler: HandlerName | undefined) {
    this.units = new Units(nodes.length);
    this.#nodes = nodes;
    this.#state = state;
    this.#handler = handler;
  }

  /** The node that a unit is, or is an item of. */
  node(unit: number): PreparedNode {
    const node = this.#nodes[this.units.nodeOf(unit)];
    if (node === undefined) throw new FlowError("internal", `No node has the index ${unit}`);
    return node;
  }

  /** What the journal knows of a unit; undefined if nothing has happened to it. */
  state(unit: number): NodeState | undefined {
    const node = this.#state.nodes.get(this.node(unit).spec.id);
    const index = this.units.indexOf(unit);
    return index === undefined ? node : node?.items?.states.get(index);
  }

  /** What the events of a unit say that they are about. */
  subject(unit: number): NodeSubject {
    const node_id = this.node(unit).spec.id;
    const index = this.units.indexOf(unit);
    if (index === undefined && this.#handler === undefined) return { node_id };
    const handler = this.#handler === undefined ? {} : { handler: this.#handler };
    return { node_id, ...(index === undefined ? {} : { index }), ...handler };
  }
}
