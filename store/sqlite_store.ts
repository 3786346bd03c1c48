/**
 * Executions in one SQLite file.
 *
 * Any number of stores, in any number of processes, may use a file at the same time: SQLite lets one write after the
 * other, in commits of microseconds, and lets all read meanwhile (WAL). What belongs to which file:
 * `journal.ts` appends, `journal_reader.ts` reads, `feed.ts` orders what all executions have appended, `executions.ts`
 * knows summaries, leases and cancel requests, `retention.ts` deletes, `connection.ts` waits for other processes.
 *
 * `normal` commits each append at once and answers synchronously: 10 to 15 microseconds, less than any queue. `full`
 * pays an fsync per commit, therefore executions share commits there (`group_commit.ts`).
 */
import type { ExecutionEvent } from "../engine/events.ts";
import type {
  Awaitable,
  CacheEntry,
  EventQuery,
  ExecutionFilter,
  ExecutionRecord,
  ExecutionSummary,
  FeedEntry,
  Lease,
  PruneRule,
  Store,
  WorkflowVersion,
} from "../engine/store.ts";
import { checkSeqs } from "../engine/store_errors.ts";
import type { Workflow } from "../engine/workflow.ts";
import { BlobTable, hashLargeOutputs } from "./blobs.ts";
import { Connection, type Durability } from "./connection.ts";
import { encodeEvents } from "./event_codec.ts";
import { ExecutionTable } from "./executions.ts";
import { FeedTable } from "./feed.ts";
import { GroupCommit } from "./group_commit.ts";
import { type Batch, finalChange, JournalWriter } from "./journal.ts";
import { JournalReader } from "./journal_reader.ts";
import { NodeCacheTable } from "./node_cache.ts";
import { pruneExecutions } from "./retention.ts";
import type { ReadVaultKey, SecretVault } from "./secret_vault.ts";
import { WorkflowTable } from "./workflows.ts";

let readConnection: (store: SqliteStore) => Connection;

/** The connection of a store, for other tables in the same file. */
export function connectionOf(store: SqliteStore): Connection {
  return readConnection(store);
}

const NO_BLOBS: ReadonlyMap<string, string> = new Map();

/**
 * A {@link Store} in a SQLite file; made by `openSqliteStore`.
 *
 * ```ts
 * import { openSqliteStore } from "flowengine";
 *
 * const store = await openSqliteStore("flow.db");
 * for (const { execution_id, status } of await store.listExecutions({ limit: 10 }, Date.now())) {
 *   console.log(execution_id, status);
 * }
 * await store.close();
 * ```
 */
export class SqliteStore implements Store {
  static {
    readConnection = (store) => store.#connection;
  }

  readonly #connection: Connection;
  readonly #blobs: BlobTable;
  readonly #writer: JournalWriter;
  readonly #group: GroupCommit | undefined;
  readonly #reader: JournalReader;
  readonly #feed: FeedTable;
  readonly #executions: ExecutionTable;
  readonly #workflows: WorkflowTable;
  readonly #cache: NodeCacheTable;

  /** Made by `openSqliteStore`. */
  constructor(connection: Connection, durability: Durability) {
    this.#connection = connection;
    this.#blobs = new BlobTable(connection);
    this.#writer = new JournalWriter(connection, this.#blobs);
    this.#group = durability === "full" ? new GroupCommit(connection, this.#writer) : undefined;
    this.#reader = new JournalReader(connection, this.#blobs);
    this.#feed = new FeedTable(connection, this.#reader);
    this.#executions = new ExecutionTable(connection);
    this.#workflows = new WorkflowTable(connection);
    this.#cache = new NodeCacheTable(connection);
  }

  /** The database file, or `:memory:`. */
  get path(): string {
    return this.#connection.path;
  }

  createExecution(record: ExecutionRecord, lease?: Lease): Awaitable<void> {
    return this.#connection.run("create an execution", () => this.#executions.create(record, lease));
  }

  append(executionId: string, after: number, events: readonly ExecutionEvent[]): Awaitable<void> {
    if (events.length === 0) return;
    checkSeqs(executionId, after, events);
    const rows = encodeEvents(events);
    if (rows === undefined) return this.#appendLarge(executionId, after, events);
    return this.#commit({ executionId, after, rows, blobs: NO_BLOBS, change: finalChange(events) });
  }

  async #appendLarge(executionId: string, after: number, events: readonly ExecutionEvent[]): Promise<void> {
    const { byEvent, byHash } = await hashLargeOutputs(events);
    const rows = encodeEvents(events, byEvent) ?? [];
    await this.#commit({ executionId, after, rows, blobs: byHash, change: finalChange(events) });
  }

  #commit(batch: Batch): Awaitable<void> {
    if (this.#group !== undefined) return this.#group.append(batch);
    return this.#connection.run("append events", () => this.#writer.append(batch));
  }

  /** What an execution was started with. See {@link Store}. */
  getRecord(executionId: string): Awaitable<ExecutionRecord | undefined> {
    return this.#connection.run("read an execution", () => this.#executions.getRecord(executionId));
  }

  getSummary(executionId: string, now: number): Awaitable<ExecutionSummary | undefined> {
    return this.#connection.run("read an execution", () => this.#executions.getSummary(executionId, now));
  }

  /** A page of events, in order. See {@link Store}. */
  readEvents(executionId: string, query: EventQuery = {}): Awaitable<ExecutionEvent[]> {
    return this.#connection.run("read events", () => this.#reader.read(executionId, query));
  }

  /** The newest first. See {@link Store}. */
  listExecutions(filter: ExecutionFilter, now: number): Awaitable<ExecutionSummary[]> {
    return this.#connection.run("list executions", () => this.#executions.list(filter, now));
  }

  readFeed(after: number, limit = 1000): Awaitable<FeedEntry[]> {
    return this.#connection.run("read the feed", () => this.#feed.read(after, limit));
  }

  feedEnd(): Awaitable<number> {
    return this.#connection.run("read the feed", () => this.#feed.end());
  }

  prune(rule: PruneRule): Promise<number> {
    return pruneExecutions(this.#connection, this.#blobs, rule);
  }

  acquireLease(lease: Lease, now: number): Awaitable<boolean> {
    return this.#connection.run("take a lease", () => this.#executions.acquireLease(lease, now));
  }

  releaseLease(executionId: string, owner: string): Awaitable<void> {
    return this.#connection.run("release a lease", () => this.#executions.releaseLease(executionId, owner));
  }

  listLeases(now: number): Awaitable<Lease[]> {
    return this.#connection.run("list leases", () => this.#executions.listLeases(now));
  }

  requestCancel(executionId: string, reason: string): Awaitable<void> {
    return this.#connection.run("cancel an execution", () => this.#executions.requestCancel(executionId, reason));
  }

  cancelRequested(executionId: string): Awaitable<string | undefined> {
    return this.#connection.run("read an execution", () => this.#executions.cancelRequested(executionId));
  }

  saveWorkflow(workflow: Workflow, now: number, expected?: number): Awaitable<WorkflowVersion> {
    return this.#connection.run("save a workflow", () => this.#workflows.save(workflow, now, expected));
  }

  loadWorkflow(workflowId: string, version?: number): Awaitable<WorkflowVersion | undefined> {
    return this.#connection.run("load a workflow", () => this.#workflows.load(workflowId, version));
  }

  listWorkflows(): Awaitable<WorkflowVersion[]> {
    return this.#connection.run("list workflows", () => this.#workflows.list());
  }

  deleteWorkflow(workflowId: string, expected?: number): Awaitable<boolean> {
    return this.#connection.run("delete a workflow", () => this.#workflows.delete(workflowId, expected));
  }

  /** An earlier result. See {@link Store}. */
  getCached(key: string, now: number): Awaitable<CacheEntry | undefined> {
    return this.#connection.run("read the cache", () => this.#cache.get(key, now));
  }

  putCached(entry: CacheEntry): Awaitable<void> {
    return this.#connection.run("write the cache", () => this.#cache.put(entry));
  }

  listCached(now: number): Awaitable<Omit<CacheEntry, "outputs">[]> {
    return this.#connection.run("read the cache", () => this.#cache.list(now));
  }

  clearCache(nodeType?: string): Awaitable<number> {
    return this.#connection.run("clear the cache", () => this.#cache.clear(nodeType));
  }

  /** The secrets in this database; `readKey` is asked for their key when it is needed. */
  async openVault(readKey: ReadVaultKey): Promise<SecretVault> {
    const { SecretVault } = await import("./secret_vault.ts");
    return new SecretVault(this.#connection, readKey);
  }

  async close(): Promise<void> {
    await this.#group?.drain();
    this.#connection.close();
  }
}
