import type { Clock } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ExecutionEvent } from "./events.ts";
import type { ExecutionGate } from "./gate.ts";
import type { Leftover } from "./leftovers.ts";
import type { NodeRegistry } from "./registry.ts";
import type { SecretSource } from "./secret_source.ts";
import type { Store } from "./store.ts";
import type { SubscribeOptions } from "./subscription.ts";
import type { Values } from "./value.ts";
import type { ExecutionResult, NodeOutputs } from "./verdict.ts";

/** How to build an engine. */
export interface EngineOptions {
  /** The node types that it knows. */
  registry: NodeRegistry;
  /** Default: a new `MemoryStore`. The engine does not close it. */
  store?: Store;
  /** Default: that of the system. */
  clock?: Clock;
  /** Default: attempts run in this process. */
  dispatcher?: Dispatcher;
  /** Names this process in leases, such as `host:1234`. Default: a random id. */
  owner?: string;
  /** 0 <= x < 1; for jitter. Default `Math.random`. */
  random?: () => number;
  /** Environment variables for the expressions of workflows that list them in `settings.env`. Default: none. */
  env?: (name: string) => string | undefined;
  /** The secrets of workflows that use `secrets.NAME`. Default: none. */
  secrets?: SecretSource;
  /** Whether the process with this name is known to be gone, so that its leases need not run out. Default: never. */
  isOwnerGone?: (owner: string) => boolean;
  /** Ends what an interrupted attempt has left running, before the node runs again. Default: nothing. */
  endLeftover?: (leftover: Leftover) => Promise<unknown>;
  /**
   * Reads the document at an absolute path as it is now, so that a rerun does not reuse what came of another one. Default:
   * of documents in files that is not noticed.
   */
  readDocument?: (path: string) => Promise<Uint8Array>;
  /** Decides when executions may begin or go on. Default: at once. */
  gate?: ExecutionGate;
}

/** How to start an execution. */
export interface StartOptions {
  /** Default `{}`. */
  inputs?: Values;
  /** Default: a UUID that sorts by time. */
  execution_id?: string;
  /** Nodes put out every line. Default false. */
  verbose?: boolean;
  /** Absolute path of the document, for the history. */
  source?: string;
  /** Absolute path of the folder that it is started in, so that it can be resumed there. */
  workdir?: string;
  /** Whether nodes with `cache` may take earlier results. Default true. */
  useCache?: boolean;
  /** Overrides `settings.max_execution_time_ms`. */
  timeoutMs?: number | undefined;
  /** Cancels the execution when it aborts. */
  signal?: AbortSignal | undefined;
}

/** An execution that this engine drives. */
export interface ExecutionHandle<O extends Values = NodeOutputs> {
  /** A UUID that sorts by time, unless the caller chose another. */
  readonly execution_id: string;
  /**
   * Rejects only when the journal fails (`store_failed`, `conflict`) or the engine is closed (`interrupted`). Nobody has
   * to await it: a rejection that is not handled harms nothing.
   */
  readonly result: Promise<ExecutionResult<O>>;
  /** From the first event (or after `after`), live, to the last. */
  events(options?: SubscribeOptions): AsyncIterable<ExecutionEvent>;
  /** A text without the secrets of the execution: for what its nodes tell past the engine, such as on the console. */
  mask(text: string): string;
  /** The execution ends as `cancelled` as soon as all that runs has ended. */
  cancel(reason?: string): void;
}
