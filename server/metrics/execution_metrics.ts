import type { Clock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { everyNode } from "../../engine/handlers.ts";
import type { ExecutionRecord } from "../../engine/store.ts";
import { Counter, Histogram, type Metric } from "./metric.ts";

/** Seconds: commands and requests take milliseconds, executions up to days. */
const DURATIONS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400];
const LAGS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
/** Executions that were lost to another process are never seen to end. */
const MAX_KNOWN = 20_000;
const UNKNOWN = "unknown";

/** Counts what becomes of executions and nodes, from their events. Labels are node types and statuses, never ids. */
export class ExecutionMetrics {
  readonly #engine: Engine;
  readonly #clock: Clock;
  /** Types by node id of the executions that run; the oldest first. */
  readonly #types = new Map<string, Map<string, string>>();
  readonly #started = new Counter({ name: "flow_executions_started_total", help: "Executions that have begun" });
  readonly #resumed = new Counter({
    name: "flow_executions_resumed_total",
    help: "How often executions have gone on after an interruption",
  });
  readonly #ended = new Counter({ name: "flow_executions_ended_total", help: "Executions that have ended" }, [
    "status",
  ]);
  readonly #durations = new Histogram(
    { name: "flow_execution_duration_seconds", help: "From the first event of an execution to its last" },
    DURATIONS,
    ["status"],
  );
  readonly #attempts = new Counter(
    { name: "flow_node_attempts_started_total", help: "Attempts that have begun, of nodes and of items" },
    ["node_type"],
  );
  readonly #nodes = new Counter(
    { name: "flow_nodes_ended_total", help: "Nodes, and items of nodes with map, by how they ended" },
    ["node_type", "status"],
  );
  readonly #nodeDurations = new Histogram(
    { name: "flow_node_duration_seconds", help: "How long the last attempts of nodes and of items took" },
    DURATIONS,
    ["node_type"],
  );
  readonly #lag = new Histogram(
    { name: "flow_event_lag_seconds", help: "From when an event happened to when it was stored and sent on" },
    LAGS,
  );

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  get all(): Metric[] {
    return [
      this.#started,
      this.#resumed,
      this.#ended,
      this.#durations,
      this.#attempts,
      this.#nodes,
      this.#nodeDurations,
      this.#lag,
    ];
  }

  /** For `engine.listen`. */
  count(events: readonly ExecutionEvent[]): void {
    const newest = events.at(-1);
    if (newest === undefined) return;
    this.#lag.observe(Math.max(0, this.#clock.now() - Date.parse(newest.timestamp)) / 1000);
    for (const event of events) this.#countOne(event);
  }

  #countOne(event: ExecutionEvent): void {
    switch (event.type) {
      case "NodeStarted":
        this.#typesOf(event.execution_id).set(event.node_id, event.node_type);
        return this.#attempts.add([event.node_type]);
      case "NodeCompleted":
        // That of another execution was counted there.
        if (event.reused_from !== undefined) return;
        return this.#countEnd(
          event,
          event.cached ? "cached" : "succeeded",
          event.cached ? undefined : event.duration_ms,
        );
      case "NodeFailed":
        return this.#countEnd(event, event.error.code === "cancelled" ? "cancelled" : "failed", event.duration_ms);
      case "NodeSkipped":
        return this.#countEnd(event, "skipped");
      case "WorkflowStarted":
        return this.#started.add();
      case "WorkflowResumed":
        return this.#resumed.add();
      case "WorkflowCompleted":
        this.#types.delete(event.execution_id);
        this.#durations.observe(event.duration_ms / 1000, [event.status]);
        return this.#ended.add([event.status]);
    }
  }

  #countEnd(event: ExecutionEvent & { node_id: string; index?: number }, status: string, durationMs?: number): void {
    const count = (type: string = UNKNOWN) => {
      this.#nodes.add([type, status]);
      if (durationMs !== undefined) this.#nodeDurations.observe(durationMs / 1000, [type]);
    };
    const { execution_id, node_id, index } = event;
    const types = this.#typesOf(execution_id);
    const known = types.get(node_id);
    if (index === undefined) types.delete(node_id);
    if (known !== undefined) return count(known);
    void this.#readTypes(execution_id).then((types) => count(types.get(node_id)), () => count());
  }

  #typesOf(executionId: string): Map<string, string> {
    let types = this.#types.get(executionId);
    if (types === undefined) {
      this.#types.set(executionId, types = new Map());
      const [oldest] = this.#types.keys();
      if (this.#types.size > MAX_KNOWN && oldest !== undefined) this.#types.delete(oldest);
    }
    return types;
  }

  /** Nodes that end without having started, because they are skipped or cached, do not say what they are. */
  async #readTypes(executionId: string): Promise<ReadonlyMap<string, string>> {
    const record: ExecutionRecord | undefined = await this.#engine.store.getRecord(executionId);
    const types = this.#types.get(executionId) ?? new Map<string, string>();
    if (record !== undefined) { for (const { id, node_type } of everyNode(record.workflow)) types.set(id, node_type); }
    return types;
  }
}
