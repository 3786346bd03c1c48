import type { Clock } from "../../engine/clock.ts";
import type { Engine } from "../../engine/engine.ts";
import type { AnsweredRequest, MetricsPort, RequestObserver, WaitingLine } from "../ports.ts";
import { ExecutionMetrics } from "./execution_metrics.ts";
import { Counter, Gauge, Histogram, type Metric } from "./metric.ts";

const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What is measured. */
export interface MetricsOptions {
  engine: Engine;
  clock: Clock;
  queue: WaitingLine;
  version: string;
  /** Resident memory in bytes. */
  rss(): number;
}

/** All that `/metrics` tells of a server, for as long as its engine lives. */
export class ServerMetrics implements MetricsPort, RequestObserver {
  readonly #metrics: Metric[];
  readonly #requests = new Counter({ name: "flow_http_requests_total", help: "Answered requests" }, [
    "method",
    "route",
    "status",
  ]);
  readonly #requestDurations = new Histogram(
    { name: "flow_http_request_duration_seconds", help: "Until the head of the answer was ready; streams go on" },
    DURATIONS,
    ["method", "route"],
  );
  #countClients = () => 0;

  constructor({ engine, clock, queue, version, rss }: MetricsOptions) {
    const executions = new ExecutionMetrics(engine, clock);
    engine.listen((events) => executions.count(events));
    const startedAt = clock.now() / 1000;
    const gauge = (name: string, help: string, read: () => number) => new Gauge({ name, help }, read);
    this.#metrics = [
      new Gauge({ name: "flow_build_info", help: "Always 1; the label is what matters" }, () => 1, { version }),
      gauge("process_start_time_seconds", "When the server was started, since 1970", () => startedAt),
      gauge("process_resident_memory_bytes", "Memory of the server, without that of its nodes' processes", rss),
      gauge(
        "flow_executions_running",
        "Executions that run, without those that nodes have called",
        () => queue.running,
      ),
      gauge("flow_executions_queued", "Executions that wait until they may run", () => queue.waiting),
      gauge("flow_event_clients", "Clients that follow events", () => this.#countClients()),
      ...executions.all,
      this.#requests,
      this.#requestDurations,
    ];
  }

  render(): string {
    return this.#metrics.map((metric) => metric.render()).join("");
  }

  watchClients(count: () => number): void {
    this.#countClients = count;
  }

  onAnswered({ method, route, status, durationMs }: AnsweredRequest): void {
    this.#requests.add([method, route, String(status)]);
    this.#requestDurations.observe(durationMs / 1000, [method, route]);
  }
}
