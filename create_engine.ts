import { createEngine as createBareEngine, type Engine } from "./engine/engine.ts";
import type { EngineOptions } from "./engine/engine_options.ts";
import type { NodeDefinition } from "./engine/node.ts";
import type { NodeRegistry } from "./engine/registry.ts";
import { environmentSecrets } from "./engine/secret_source.ts";
import { builtinNodes } from "./nodes/mod.ts";
import { getPlatform } from "./platform/mod.ts";
import { recoveryOptions } from "./platform/recovery.ts";

/**
 * How to create an engine; all of it is optional. With a `store`, `owner`, `isOwnerGone`, `endLeftover` and
 * `readDocument` are by default those of this machine: executions whose process has died are recognized at once, what they
 * have left running is ended before they are resumed, and reruns see what has become of the documents that they called.
 */
export interface CreateEngineOptions extends Omit<EngineOptions, "registry"> {
  /** The node types that workflows may use. Default: those of `builtinNodes`; name these too when you add your own. */
  nodes?: Iterable<NodeDefinition>;
  /** Used instead of `nodes`. */
  registry?: NodeRegistry;
}

/**
 * Creates an engine in this process. Without a `store` it keeps its executions in memory, and looks at nothing else of
 * the machine.
 *
 * ```ts
 * import { createEngine, parseWorkflow } from "flowengine";
 *
 * const engine = createEngine();
 * const document = { nodes: [{ id: "a", node_type: "debug.log" }] };
 * const execution = await engine.start(await parseWorkflow(document, { registry: engine.registry }));
 * console.log((await execution.result).status);
 * await engine.close();
 * ```
 *
 * @throws {FlowError} `conflict` if two of `nodes` have the same type
 */
export function createEngine(options: CreateEngineOptions = {}): Engine {
  const nodes = options.nodes ?? (options.registry === undefined ? builtinNodes() : []);
  const recovery = options.store === undefined ? {} : recoveryOptions(getPlatform());
  const env = (name: string) => getPlatform().env(name);
  return createBareEngine({ env, secrets: environmentSecrets(env), ...recovery, ...options, nodes });
}
