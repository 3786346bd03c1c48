import { type ErrorInfo, FlowError } from "./errors.ts";
import type { ExecutionEvent, FinalStatus } from "./events.ts";
import type { Values } from "./value.ts";
import type { Workflow } from "./workflow.ts";

/** Sync stores answer at once, remote ones with a promise; callers await only promises on hot paths. */
export type Awaitable<T> = T | Promise<T>;

/** The attempt that has called an execution. */
export interface CalledBy {
  /** The execution that calls. */
  execution_id: string;
  /** The node that calls. */
  node_id: string;
  /** Of a node with `map`: the item. */
  index?: number;
  /** 1 for what an execution calls that nobody called. */
  depth: number;
}

/** Everything about an execution that is known before its first event. */
export interface ExecutionRecord {
  /** Unique in the store. */
  execution_id: string;
  /** The document exactly as it runs, in its checked form. */
  workflow: Workflow;
  /** What it was given. */
  inputs: Values;
  /** Whether nodes stream every line (`--verbose`). */
  verbose: boolean;
  /** RFC 3339 in UTC with milliseconds, as `Date.toISOString` writes it. */
  created_at: string;
  /** Absolute path of the document, if it came from a file. */
  source?: string;
  /** Absolute path of the folder that it was started in, if its nodes depend on that. */
  workdir?: string;
  /** The execution whose outputs this one reuses. */
  rerun_of?: string;
  /** The node that started it; none for those that people start. */
  called_by?: CalledBy;
  /** Nodes with `cache` take no earlier results and leave none. */
  no_cache?: true;
}

/** What lists show. */
export interface ExecutionSummary {
  /** Unique in the store. */
  execution_id: string;
  /** What it runs. */
  workflow_id: string;
  /** What the workflow is called. */
  workflow_name: string;
  /** As journaled, except that a running execution whose owner is gone is `interrupted`. */
  status: "running" | "interrupted" | FinalStatus;
  /** RFC 3339. */
  created_at: string;
  /** RFC 3339; undefined until it has ended. */
  ended_at?: string;
  /** How long it took. */
  duration_ms?: number;
  /** Why it failed, or was cancelled. */
  error?: ErrorInfo;
  /** Absolute path of the document, if it came from a file. */
  source?: string;
  /** The execution that it runs again. */
  rerun_of?: string;
  /** Who called it, if a node did. */
  called_by?: CalledBy;
  /** Seq of the newest event. */
  last_seq: number;
  /** Process that drives it now or drove it last, such as `host:1234`. */
  owner?: string;
}

/** Which executions to list; newest first. */
export interface ExecutionFilter {
  /** Only those that stand so. */
  status?: ExecutionSummary["status"];
  /** Only those of this workflow. */
  workflow_id?: string;
  /** The execution that has called them. */
  called_by?: string;
  /** Only those that no other execution has called. */
  top_level?: boolean;
  /** What the ids start with. */
  id_prefix?: string;
  /** Absolute path of the document. */
  source?: string;
  /** RFC 3339: created at this time or later. */
  since?: string;
  /** RFC 3339: created before this time. */
  until?: string;
  /** Only those that come after this execution in the list: the next page; none if there is no such execution. */
  after?: string;
  /** Default 50. */
  limit?: number;
}

/** Which events to read: `after < seq`, in order. */
export interface EventQuery {
  /** Default 0: from the first. */
  after?: number;
  /**
   * At most so many; default 1000. A page may be shorter although more follows, because it is bounded in bytes too:
   * only an empty page is the end. {@link readAllEvents} does that.
   */
  limit?: number;
  /** `state` leaves log events out, `logs` leaves all others out; default `all`. */
  kind?: "all" | "state" | "logs";
  /** Only events of this node. With `kind: "logs"` no other node's are scanned for it. */
  node_id?: string;
}

/** An event in the feed: the one order of the events of all executions. */
export interface FeedEntry {
  /** Grows from entry to entry; an event never gets another. Numbers may be missing. */
  position: number;
  /** What happened. */
  event: ExecutionEvent;
}

/** A lease says that a process drives an execution; the journal's version check is what fences a stale one. */
export interface Lease {
  /** What is driven. */
  execution_id: string;
  /** The process that drives it. */
  owner: string;
  /** Epoch milliseconds. */
  expires_at: number;
}

/** Which ended executions to delete; both conditions must hold for one to go, and at least one must be given. */
export interface PruneRule {
  /** RFC 3339: those that ended before. */
  before?: string;
  /** Never the newest so many of the ended ones. */
  keep?: number;
}

/** A version of a saved workflow. */
export interface WorkflowVersion {
  /** Of the workflow. */
  workflow_id: string;
  /** From 1. */
  version: number;
  /** As it was saved. */
  workflow: Workflow;
  /** RFC 3339. */
  created_at: string;
}

/** A cached result of a node. */
export interface CacheEntry {
  /** As `computeHash` makes it. */
  key: string;
  /** Whose outputs these are. */
  node_type: string;
  /** By port. */
  outputs: Values;
  /** Epoch milliseconds. */
  created_at: number;
  /** In milliseconds since 1970. */
  expires_at: number;
}

/**
 * Where executions live. Every implementation passes `storeContract`.
 *
 *   S1. `append` is atomic: all events of a call are there afterwards, or none.
 *   S2. `append` refuses (`conflict`) unless `after` is the seq of the newest event: two drivers cannot both go on.
 *   S3. What `append` has accepted, every later read sees, in order, also from another process.
 *   S4. No read waits for a writer, no writer for a reader.
 *   S5. Failures are FlowErrors: `store_failed` (disk full, read-only), `store_corrupt`, `store_too_new`, `unavailable`
 *       (another process would not let go of the database).
 *
 * A method that answers at once throws at once; one that answers with a promise rejects. What is handed in or answered
 * is shared, not copied: nobody may change it afterwards. Ids that do not exist are `not_found` where something is to be
 * changed, and undefined, empty or false where something is asked for.
 */
export interface Store {
  /**
   * With a lease nobody ever sees the execution without a driver.
   * @throws {FlowError} `conflict` if the id is taken
   */
  createExecution(record: ExecutionRecord, lease?: Lease): Awaitable<void>;
  /** `events` carry the seqs `after + 1`, `after + 2`, ...; no events, nothing to do. */
  append(executionId: string, after: number, events: readonly ExecutionEvent[]): Awaitable<void>;
  /** What an execution was started with; undefined if there is none. */
  getRecord(executionId: string): Awaitable<ExecutionRecord | undefined>;
  /** `now` (epoch milliseconds) decides whether a lease has expired. */
  getSummary(executionId: string, now: number): Awaitable<ExecutionSummary | undefined>;
  /** Events in the order of `seq`; a page of them, perhaps fewer than the limit. */
  readEvents(executionId: string, query?: EventQuery): Awaitable<ExecutionEvent[]>;
  /** The newest first. */
  listExecutions(filter: ExecutionFilter, now: number): Awaitable<ExecutionSummary[]>;
  /** Deletes ended executions with all that belongs to them; answers how many. Running and interrupted ones stay. */
  prune(rule: PruneRule): Awaitable<number>;

  /**
   * What follows `after` in the feed, at most `limit` entries (default 1000), or fewer: only an empty page is the end.
   * The events of an execution are in their order, those of several in an order that is found at the first look at them
   * and stays: everybody sees the same one, also in other processes. Deleted executions leave gaps.
   */
  readFeed(after: number, limit?: number): Awaitable<FeedEntry[]>;
  /** The position of the newest event; 0 if there has been none. */
  feedEnd(): Awaitable<number>;

  /** Takes or renews the lease; false if another owner's has not expired. */
  acquireLease(lease: Lease, now: number): Awaitable<boolean>;
  /** Lets the lease expire, if it is `owner`'s. */
  releaseLease(executionId: string, owner: string): Awaitable<void>;
  /** The leases that have not expired at `now`, of executions that have not ended. */
  listLeases(now: number): Awaitable<Lease[]>;
  /**
   * Asks whoever drives the execution, now or next, to cancel it. Its end answers the request.
   * @throws {FlowError} `conflict` if it has ended
   */
  requestCancel(executionId: string, reason: string): Awaitable<void>;
  /** The reason given to `requestCancel`, if a request is open. */
  cancelRequested(executionId: string): Awaitable<string | undefined>;

  /** Saves a new version, unless the newest is equal. `expected` (0: must be new) refuses with `conflict` otherwise. */
  saveWorkflow(workflow: Workflow, now: number, expected?: number): Awaitable<WorkflowVersion>;
  /** The newest version, or the one asked for. */
  loadWorkflow(workflowId: string, version?: number): Awaitable<WorkflowVersion | undefined>;
  /** The newest version of each, sorted by id. */
  listWorkflows(): Awaitable<WorkflowVersion[]>;
  /** Deletes all versions; false if there is none. `expected` refuses with `conflict` unless the newest is that one. */
  deleteWorkflow(workflowId: string, expected?: number): Awaitable<boolean>;

  /** Undefined if there is none, or it is too old. */
  getCached(key: string, now: number): Awaitable<CacheEntry | undefined>;
  /** Replaces the entry of that key, and forgets all that had expired when this one was created. */
  putCached(entry: CacheEntry): Awaitable<void>;
  /** Entries that have not expired, newest first. */
  listCached(now: number): Awaitable<Omit<CacheEntry, "outputs">[]>;
  /** Removes the entries of one node type, or all; answers how many. */
  clearCache(nodeType?: string): Awaitable<number>;

  /** Writes what is pending and lets go of everything. Nothing may be called afterwards but `close`. */
  close(): Awaitable<void>;
}

/** The part of a {@link Store} that tells what became of executions. */
export type ExecutionReader = Pick<Store, "getRecord" | "getSummary" | "listExecutions" | "readEvents">;

/** The part of a summary that events change. */
export type StatusChange = Pick<ExecutionSummary, "ended_at" | "duration_ms" | "error"> & {
  status: "running" | FinalStatus;
};

/** What `event` makes of an execution's summary; undefined if nothing. */
export function statusAfter(event: ExecutionEvent): StatusChange | undefined {
  switch (event.type) {
    case "WorkflowStarted":
    case "WorkflowResumed":
    case "WorkflowRetrying":
      return { status: "running" };
    case "WorkflowCompleted": {
      const { status, timestamp, duration_ms, error } = event;
      return { status, ended_at: timestamp, duration_ms, ...(error && { error }) };
    }
    default:
      return undefined;
  }
}

/**
 * All events that `query` asks for, however many; `limit` is the size of a page here.
 *
 * ```ts
 * import { MemoryStore, readAllEvents } from "flowengine";
 * for await (const { seq, type } of readAllEvents(new MemoryStore(), "some-execution")) console.log(seq, type);
 * ```
 */
export async function* readAllEvents(
  store: Pick<Store, "readEvents">,
  executionId: string,
  query: EventQuery = {},
): AsyncGenerator<ExecutionEvent, void, void> {
  let after = query.after ?? 0;
  for (;;) {
    const page = await store.readEvents(executionId, { ...query, after });
    const newest = page.at(-1);
    if (newest === undefined) return;
    yield* page;
    after = newest.seq;
  }
}

/** A filter's time in the form of `created_at`, so that both can be compared as text. */
export function normalizeTime(time: string): string {
  const parsed = new Date(time);
  if (Number.isNaN(parsed.getTime())) {
    throw new FlowError("invalid_argument", `Cannot use "${time}" as a time: it is not a date`, {
      hint: "Write it like 2026-01-31T12:00:00Z.",
    });
  }
  return parsed.toISOString();
}
