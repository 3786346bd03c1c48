import { Engine } from "../engine/engine.ts";
import type { EngineOptions } from "../engine/engine_options.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { NodeRegistry } from "../engine/registry.ts";
import type { SecretSource } from "../engine/secret_source.ts";
import type { Store } from "../engine/store.ts";
import { createBuiltinNodes } from "../nodes/mod.ts";
import { recoveryOptions } from "../platform/recovery.ts";
import type { Platform } from "../platform/types.ts";
import type { SecretFlags } from "./secret_sources.ts";

/** The node types of this program and those that its user brings along. @throws {FlowError} `conflict` */
export function openRegistry(platform: Platform, userNodes: Iterable<NodeDefinition> = []): NodeRegistry {
  const registry = new NodeRegistry(createBuiltinNodes(platform));
  // A workflow's own module may also be named for its node types.
  for (const definition of new Set(userNodes)) registry.register(definition);
  return registry;
}

/** Puts the engine of this process together. */
export function openEngine(
  platform: Platform,
  registry: NodeRegistry,
  store: Store,
  flags: SecretFlags = {},
  options: Pick<EngineOptions, "dispatcher" | "gate"> = {},
): Engine {
  const env = (name: string) => platform.env(name);
  // Commands may work in another folder afterwards.
  const folder = platform.cwd();
  const secrets: SecretSource = {
    read: async (names) => await (await import("./secret_sources.ts")).openSecrets(platform, flags, folder).read(names),
  };
  return new Engine({ registry, store, env, secrets, ...recoveryOptions(platform), ...options });
}
