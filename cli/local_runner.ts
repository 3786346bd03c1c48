import { closeResources } from "../engine/cleanup.ts";
import type { Engine } from "../engine/engine.ts";
import { systemClock } from "../engine/clock.ts";
import { leftoversOf } from "../engine/leftovers.ts";
import type { NodeRegistry } from "../engine/registry.ts";
import type { Store } from "../engine/store.ts";
import type { Platform } from "../platform/types.ts";
import type { ExecutionRunner, HostFlags, LastResort } from "./execution_access.ts";
import { openEngine } from "./open_engine.ts";

/** How long killing may take; the program ends in any case. */
const KILL_MS = 2000;

/** What an engine of this process is made of. */
export interface LocalEngineParts {
  platform: Platform;
  registry: NodeRegistry;
  store: Store;
  flags: HostFlags;
}

/** Runs executions in this process. */
export function openLocalRunner({ platform, registry, store, flags }: LocalEngineParts): ExecutionRunner {
  const engine = openEngine(platform, registry, store, flags);
  return {
    registry,
    lastResort: killingAll(platform, engine),
    start: (workflow, options) => engine.start(workflow, options),
    resume: (executionId) => engine.resume(executionId),
    planRerun: (executionId, options) => engine.planRerun(executionId, options),
    rerun: (plan, options) => engine.rerun(plan, options),
    async closeInterrupted(executionId) {
      // With the request in the store, resuming does nothing but end it.
      const handle = await engine.resume(executionId);
      await handle.result;
    },
  };
}

/** Of an execution that an engine of this process drives nothing is left running. */
export function killingAll(platform: Platform, engine: Engine): LastResort {
  return {
    doing: "Killing…",
    done: "Killed",
    apply: (executionId) => killRunning(platform, engine, executionId),
  };
}

/** Ends at once all processes that the running nodes have started, and what they have opened elsewhere. */
async function killRunning(platform: Platform, engine: Engine, executionId: string): Promise<void> {
  const state = await engine.status(executionId);
  const running = state === undefined ? [] : leftoversOf(state);
  const kills = running.map((leftover) => platform.endLeftovers(leftover, 0));
  const closing = state && closeResources(state, "attempt", { registry: engine.registry, clock: systemClock });
  let stopTimer = () => {};
  const timeout = new Promise<void>((resolve) => stopTimer = systemClock.setTimer(KILL_MS, resolve));
  await Promise.race([Promise.allSettled([...kills, closing]), timeout]);
  stopTimer();
}
