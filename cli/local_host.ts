import { systemClock } from "../engine/clock.ts";
import type { ExecutionEvent } from "../engine/events.ts";
import type { NodeDefinition } from "../engine/node.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { Store } from "../engine/store.ts";
import type { SubscribeOptions } from "../engine/subscription.ts";
import { isOwnerGone } from "../platform/recovery.ts";
import type { Platform } from "../platform/types.ts";
import type { ExecutionAccess, ExecutionHost, HostFlags, OpenDatabase } from "./execution_access.ts";
import { withStore } from "./open_store.ts";

/** Executions in a database of this machine, driven by this process. */
export class LocalHost implements ExecutionHost {
  readonly isRemote = false;
  readonly #platform: Platform;
  readonly #flags: HostFlags;
  readonly #open: OpenDatabase;

  constructor(platform: Platform, flags: HostFlags, open: OpenDatabase) {
    this.#platform = platform;
    this.#flags = flags;
    this.#open = open;
  }

  async openRegistry(userNodes: Iterable<NodeDefinition>): Promise<NodeRegistry> {
    return (await import("./open_engine.ts")).openRegistry(this.#platform, userNodes);
  }

  async withAccess<T>(work: (access: ExecutionAccess) => Promise<T>): Promise<T> {
    return await withStore(this.#open(this.#platform, this.#flags), (store) => work(this.#access(store)));
  }

  #access(store: Store): ExecutionAccess {
    const platform = this.#platform;
    const flags = this.#flags;
    return {
      reader: store,
      refresh: () => releaseDeadOwners(platform, store),
      follow: (executionId, options) => follow(platform, store, executionId, options),
      requestCancel: async (executionId, reason) => await store.requestCancel(executionId, reason),
      // What only lists or shows needs no engine.
      openRunner: async (registry) =>
        (await import("./local_runner.ts")).openLocalRunner({ platform, registry, store, flags }),
    };
  }
}

async function* follow(
  platform: Platform,
  store: Store,
  executionId: string,
  options: SubscribeOptions,
): AsyncGenerator<ExecutionEvent, void, undefined> {
  const { openEngine, openRegistry } = await import("./open_engine.ts");
  yield* openEngine(platform, openRegistry(platform), store).subscribe(executionId, options);
}

/** Ends the leases of dead processes of this machine, so that what they drove shows as interrupted at once. */
async function releaseDeadOwners(platform: Platform, store: Store): Promise<void> {
  for (const { execution_id, owner } of await store.listLeases(systemClock.now())) {
    if (isOwnerGone(platform, owner)) await store.releaseLease(execution_id, owner);
  }
}
