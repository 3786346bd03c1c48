import { FlowError } from "./errors.ts";
import type { NodeDefinition } from "./node.ts";

/**
 * The node types that an engine knows. An object that you build and pass; there is no global one.
 *
 * ```ts
 * import { builtinNodes, NodeRegistry } from "flowengine";
 *
 * const registry = new NodeRegistry(builtinNodes());
 * console.log(registry.types(), registry.get("shell.exec")?.summary);
 * ```
 */
export class NodeRegistry {
  readonly #definitions = new Map<string, NodeDefinition>();

  /** With these node types. @throws {FlowError} `conflict` if two definitions have the same type. */
  constructor(definitions: Iterable<NodeDefinition> = []) {
    for (const definition of definitions) this.register(definition);
  }

  /** Adds a node type. @throws {FlowError} `conflict` if the type is taken. */
  register(definition: NodeDefinition): this {
    if (this.#definitions.has(definition.type)) {
      throw new FlowError("conflict", `Cannot register node type "${definition.type}": it is registered already`, {
        hint: 'Give your node type a name of its own, such as "my.node".',
      });
    }
    this.#definitions.set(definition.type, definition);
    return this;
  }

  /** Undefined if the type is unknown. */
  get(type: string): NodeDefinition | undefined {
    return this.#definitions.get(type);
  }

  /** All definitions, sorted by type. */
  list(): NodeDefinition[] {
    return [...this.#definitions.values()].sort((a, b) => a.type < b.type ? -1 : 1);
  }

  /** All types, sorted. */
  types(): string[] {
    return [...this.#definitions.keys()].sort();
  }
}
