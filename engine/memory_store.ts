import { type ExecutionEvent, isLogEvent } from "./events.ts";
import {
  type CacheEntry,
  type EventQuery,
  type ExecutionFilter,
  type ExecutionRecord,
  type ExecutionSummary,
  type FeedEntry,
  type Lease,
  normalizeTime,
  type PruneRule,
  statusAfter,
  type StatusChange,
  type Store,
  type WorkflowVersion,
} from "./store.ts";
import {
  checkExpected,
  checkPruneRule,
  checkSeqs,
  executionExists,
  hasEnded,
  noSuchExecution,
  staleWriter,
} from "./store_errors.ts";
import type { Workflow } from "./workflow.ts";

interface Entry {
  record: ExecutionRecord;
  /** The event with seq n is at n - 1. */
  events: ExecutionEvent[];
  change: StatusChange;
  lease?: Lease;
  cancelReason?: string;
}

/**
 * The reference implementation of {@link Store}: what `--no-store` and tests use. Nothing outlives the process.
 *
 * ```ts
 * import { createEngine, MemoryStore } from "flowengine";
 *
 * const engine = createEngine({ store: new MemoryStore() });
 * await engine.close();
 * ```
 */
export class MemoryStore implements Store {
  /** In the order of creation. */
  readonly #executions = new Map<string, Entry>();
  /** The event with position n is at n - 1; those of deleted executions are undefined. */
  readonly #feed: (ExecutionEvent | undefined)[] = [];
  readonly #workflows = new Map<string, WorkflowVersion[]>();
  readonly #cache = new Map<string, CacheEntry>();

  createExecution(record: ExecutionRecord, lease?: Lease): void {
    if (this.#executions.has(record.execution_id)) throw executionExists(record.execution_id);
    const entry: Entry = { record, events: [], change: { status: "running" } };
    if (lease !== undefined) entry.lease = lease;
    this.#executions.set(record.execution_id, entry);
  }

  append(executionId: string, after: number, events: readonly ExecutionEvent[]): void {
    if (events.length === 0) return;
    const entry = this.#find(executionId);
    checkSeqs(executionId, after, events);
    if (entry.events.length !== after) throw staleWriter(executionId, after, entry.events.length);
    for (const event of events) {
      entry.events.push(event);
      this.#feed.push(event);
      const change = statusAfter(event);
      if (change === undefined) continue;
      entry.change = change;
      if (change.status !== "running") delete entry.cancelReason;
    }
  }

  /** What an execution was started with. See {@link Store}. */
  getRecord(executionId: string): ExecutionRecord | undefined {
    return this.#executions.get(executionId)?.record;
  }

  getSummary(executionId: string, now: number): ExecutionSummary | undefined {
    const entry = this.#executions.get(executionId);
    return entry && summarize(entry, now);
  }

  /** A page of events, in order. See {@link Store}. */
  readEvents(executionId: string, query: EventQuery = {}): ExecutionEvent[] {
    const { after = 0, limit = 1000, kind = "all", node_id } = query;
    const events = this.#executions.get(executionId)?.events ?? [];
    const page: ExecutionEvent[] = [];
    for (let i = Math.max(after, 0); i < events.length && page.length < limit; i++) {
      const event = events[i] as ExecutionEvent;
      if (kind !== "all" && isLogEvent(event) !== (kind === "logs")) continue;
      if (node_id !== undefined && !("node_id" in event && event.node_id === node_id)) continue;
      page.push(event);
    }
    return page;
  }

  /** The newest first. See {@link Store}. */
  listExecutions(filter: ExecutionFilter, now: number): ExecutionSummary[] {
    const since = filter.since === undefined ? undefined : normalizeTime(filter.since);
    const until = filter.until === undefined ? undefined : normalizeTime(filter.until);
    const newestFirst = [...this.#executions.values()].reverse()
      .sort((a, b) => compareText(b.record.created_at, a.record.created_at));
    const last = filter.after === undefined
      ? -1
      : newestFirst.findIndex(({ record }) => record.execution_id === filter.after);
    if (filter.after !== undefined && last === -1) return [];
    return newestFirst.slice(last + 1)
      .map((entry) => summarize(entry, now))
      .filter((it) =>
        (filter.status === undefined || it.status === filter.status) &&
        (filter.workflow_id === undefined || it.workflow_id === filter.workflow_id) &&
        (filter.called_by === undefined || it.called_by?.execution_id === filter.called_by) &&
        (!filter.top_level || it.called_by === undefined) &&
        (filter.id_prefix === undefined || it.execution_id.startsWith(filter.id_prefix)) &&
        (filter.source === undefined || it.source === filter.source) &&
        (since === undefined || it.created_at >= since) &&
        (until === undefined || it.created_at < until)
      )
      .slice(0, filter.limit ?? 50);
  }

  prune(rule: PruneRule): number {
    checkPruneRule(rule);
    const before = rule.before === undefined ? undefined : normalizeTime(rule.before);
    const ended = [...this.#executions.values()].filter((entry) => entry.change.status !== "running").reverse()
      .sort((a, b) => compareText(endOf(b), endOf(a)));
    const gone = ended.slice(rule.keep ?? 0).filter((entry) => before === undefined || endOf(entry) < before);
    for (const entry of gone) this.#executions.delete(entry.record.execution_id);
    for (const [i, event] of this.#feed.entries()) {
      if (event !== undefined && !this.#executions.has(event.execution_id)) this.#feed[i] = undefined;
    }
    return gone.length;
  }

  readFeed(after: number, limit = 1000): FeedEntry[] {
    const page: FeedEntry[] = [];
    for (let i = Math.max(after, 0); i < this.#feed.length && page.length < limit; i++) {
      const event = this.#feed[i];
      if (event !== undefined) page.push({ position: i + 1, event });
    }
    return page;
  }

  feedEnd(): number {
    return this.#feed.length;
  }

  acquireLease(lease: Lease, now: number): boolean {
    const entry = this.#find(lease.execution_id);
    if (isLive(entry.lease, now) && entry.lease?.owner !== lease.owner) return false;
    entry.lease = lease;
    return true;
  }

  releaseLease(executionId: string, owner: string): void {
    const entry = this.#executions.get(executionId);
    if (entry?.lease?.owner === owner) entry.lease = { ...entry.lease, expires_at: 0 };
  }

  listLeases(now: number): Lease[] {
    const entries = [...this.#executions.values()].filter(({ change }) => change.status === "running");
    return entries.flatMap(({ lease }) => lease !== undefined && lease.expires_at > now ? [{ ...lease }] : []);
  }

  requestCancel(executionId: string, reason: string): void {
    const entry = this.#find(executionId);
    if (entry.change.status !== "running") throw hasEnded(executionId, entry.change.status);
    entry.cancelReason = reason;
  }

  cancelRequested(executionId: string): string | undefined {
    return this.#executions.get(executionId)?.cancelReason;
  }

  saveWorkflow(workflow: Workflow, now: number, expected?: number): WorkflowVersion {
    const versions = this.#workflows.get(workflow.id) ?? [];
    const newest = versions.at(-1);
    checkExpected(workflow.id, newest?.version ?? 0, expected);
    if (newest !== undefined && JSON.stringify(newest.workflow) === JSON.stringify(workflow)) return newest;
    const created: WorkflowVersion = {
      workflow_id: workflow.id,
      version: (newest?.version ?? 0) + 1,
      workflow,
      created_at: new Date(now).toISOString(),
    };
    this.#workflows.set(workflow.id, [...versions, created]);
    return created;
  }

  loadWorkflow(workflowId: string, version?: number): WorkflowVersion | undefined {
    const versions = this.#workflows.get(workflowId) ?? [];
    return version === undefined ? versions.at(-1) : versions.find((it) => it.version === version);
  }

  listWorkflows(): WorkflowVersion[] {
    return [...this.#workflows.values()].flatMap((versions) => versions.at(-1) ?? [])
      .sort((a, b) => compareText(a.workflow_id, b.workflow_id));
  }

  deleteWorkflow(workflowId: string, expected?: number): boolean {
    checkExpected(workflowId, this.#workflows.get(workflowId)?.length ?? 0, expected);
    return this.#workflows.delete(workflowId);
  }

  /** An earlier result. See {@link Store}. */
  getCached(key: string, now: number): CacheEntry | undefined {
    const entry = this.#cache.get(key);
    return entry !== undefined && entry.expires_at > now ? entry : undefined;
  }

  putCached(entry: CacheEntry): void {
    for (const old of this.#cache.values()) {
      if (old.expires_at <= entry.created_at) this.#cache.delete(old.key);
    }
    this.#cache.set(entry.key, entry);
  }

  listCached(now: number): Omit<CacheEntry, "outputs">[] {
    return [...this.#cache.values()].filter((entry) => entry.expires_at > now)
      .sort((a, b) => b.created_at - a.created_at || compareText(a.key, b.key))
      .map(({ outputs: _, ...rest }) => rest);
  }

  clearCache(nodeType?: string): number {
    const gone = [...this.#cache.values()].filter((it) => nodeType === undefined || it.node_type === nodeType);
    for (const entry of gone) this.#cache.delete(entry.key);
    return gone.length;
  }

  close(): void {}

  #find(executionId: string): Entry {
    const entry = this.#executions.get(executionId);
    if (entry === undefined) throw noSuchExecution(executionId);
    return entry;
  }
}

function summarize({ record, events, change, lease }: Entry, now: number): ExecutionSummary {
  const summary: ExecutionSummary = {
    execution_id: record.execution_id,
    workflow_id: record.workflow.id,
    workflow_name: record.workflow.name,
    created_at: record.created_at,
    ...change,
    last_seq: events.length,
  };
  if (change.status === "running" && !isLive(lease, now)) summary.status = "interrupted";
  if (record.source !== undefined) summary.source = record.source;
  if (record.rerun_of !== undefined) summary.rerun_of = record.rerun_of;
  if (record.called_by !== undefined) summary.called_by = record.called_by;
  if (lease !== undefined) summary.owner = lease.owner;
  return summary;
}

function isLive(lease: Lease | undefined, now: number): boolean {
  return lease !== undefined && lease.expires_at > now;
}

function endOf(entry: Entry): string {
  return entry.change.ended_at ?? "";
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
