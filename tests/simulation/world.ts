import { sleep } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { nameToId } from "../../engine/id.ts";
import { anyPorts, defineNode, type NodeContext, type NodeDefinition } from "../../engine/node.ts";
import type { Values } from "../../engine/value.ts";
import type { NodeSpec, OnError, RetryPolicy, RunIf, Workflow } from "../../engine/workflow.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { Random } from "../support/random.ts";
import { predecessorsOf, SIM_NODE } from "./rules.ts";

/** What a simulated node does. */
export interface Behaviour {
  durationMs: number;
  /** How many of its attempts fail before one succeeds; Infinity: all. */
  failures: number;
  /** Whether it goes on for a while after its signal has aborted. */
  lingersMs: number;
  error: "node_failed" | "invalid_input" | "exit_code";
  throwsAtOnce: boolean;
  /** The one port that it puts out. */
  port: "out" | "other";
}

/** A random workflow, and what the world does to it. */
export interface Scenario {
  seed: number;
  workflow: Workflow;
  behaviours: Map<string, Behaviour>;
  cancelAtMs: number | undefined;
}

export function createScenario(seed: number, limits: { maxNodes: number; onError?: OnError }): Scenario {
  const random = new Random(seed);
  const count = random.int(1, random.chance(0.1) ? limits.maxNodes : Math.min(30, limits.maxNodes));
  const nodes = Array.from({ length: count }, (_, i) => createNode(random, i));
  const density = random.next() * Math.min(1, 6 / count);
  const connections: Workflow["connections"] = [];
  for (let to = 1; to < count; to++) {
    for (let from = 0; from < to; from++) {
      if (!random.chance(density)) continue;
      const from_port = random.chance(0.85) ? "out" : "other";
      connections.push({ from_node: `n${from}`, from_port, to_node: `n${to}`, to_port: `in${from}` });
    }
  }
  const onError = limits.onError ??
    random.pick<OnError>(["StopWorkflow", "ContinueOnError", { RetryWorkflow: { max_attempts: random.int(1, 3) } }]);
  const workflow: Workflow = {
    id: `sim-${seed}`,
    name: `sim-${seed}`,
    nodes,
    connections,
    triggers: [],
    settings: {
      max_parallel_nodes: random.int(1, 12),
      on_error: onError,
      max_execution_time_ms: random.chance(0.15) ? random.int(1, 5000) : null,
    },
  };
  const behaviours = new Map(nodes.map((node) => [node.id, createBehaviour(random)]));
  return { seed, workflow, behaviours, cancelAtMs: random.chance(0.2) ? random.int(0, 4000) : undefined };
}

function createNode(random: Random, i: number): NodeSpec {
  const node: NodeSpec = { id: `n${i}`, node_type: SIM_NODE, config: {} };
  if (random.chance(0.3)) node.timeout_ms = random.int(1, 1500);
  if (random.chance(0.5)) node.retry_policy = createPolicy(random);
  if (i > 0 && random.chance(0.15)) node.depends_on = [`n${random.int(0, i - 1)}`];
  if (random.chance(0.2)) node.run_if = random.pick<RunIf>(["success", "failure", "always", "skipped"]);
  if (random.chance(0.1)) node.continue_on_error = true;
  if (i > 0 && random.chance(0.15)) node.when = `nodes.n${random.int(0, i - 1)}.out`;
  if (random.chance(0.2)) node.on_interrupt = "fail";
  return node;
}

function createPolicy(random: Random): RetryPolicy {
  const policy: RetryPolicy = {
    max_attempts: random.int(1, 5),
    delay_ms: random.int(0, 1000),
    backoff_multiplier: random.pick([1, 2, 3]),
    max_delay_ms: random.pick([null, 500, 60_000]),
    retry_on_timeout: random.chance(0.7),
    jitter: random.chance(0.3) ? random.next() : 0,
  };
  if (random.chance(0.1)) policy.retry_on = ["exit_code", 7];
  if (random.chance(0.1)) policy.no_retry_on = [7];
  return policy;
}

function createBehaviour(random: Random): Behaviour {
  const failures = random.chance(0.75) ? 0 : random.chance(0.3) ? Infinity : random.int(1, 3);
  return {
    durationMs: random.chance(0.2) ? 0 : random.int(1, 1000),
    failures,
    lingersMs: random.chance(0.2) ? random.int(1, 500) : 0,
    error: random.pick(["node_failed", "invalid_input", "exit_code"]),
    throwsAtOnce: random.chance(0.1),
    port: random.chance(0.9) ? "out" : "other",
  };
}

/** Where simulated nodes run: counts, checks what no event shows, and remembers what has happened outside the engine. */
export class World {
  readonly violations: string[] = [];
  readonly running = new Set<string>();
  /** How often each node's work was done to its end. */
  readonly effects = new Map<string, number>();
  readonly #scenario: Scenario;
  readonly #clock: FakeClock;
  /** Attempts of each node that failed by themselves. */
  readonly #failed = new Map<string, number>();
  readonly #succeeded = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #predecessors: ReadonlyMap<string, string[]>;

  constructor(scenario: Scenario, clock: FakeClock) {
    this.#scenario = scenario;
    this.#clock = clock;
    const { workflow } = scenario;
    this.#predecessors = new Map(workflow.nodes.map((spec) => [spec.id, predecessorsOf(workflow, spec)]));
  }

  /** The world as it is after the events of a journal have happened. */
  replay(events: readonly ExecutionEvent[]): void {
    for (const event of events) {
      this.observe(event);
      if (event.type === "NodeRetrying" && event.error.code !== "interrupted") this.#countFailure(event.node_id);
    }
  }

  /** To be told of every durable event, so that the order of facts and acts can be compared. */
  observe(event: ExecutionEvent): void {
    if (event.type === "NodeCompleted") this.#succeeded.add(event.node_id);
    if (event.type === "NodeCompleted" || event.type === "NodeFailed" || event.type === "NodeSkipped") {
      this.#ended.add(event.node_id);
    }
    if (event.type !== "WorkflowRetrying") return;
    this.#succeeded.clear();
    this.#ended.clear();
  }

  definition(): NodeDefinition {
    return defineNode({
      type: SIM_NODE,
      version: 1,
      summary: "Do what the scenario says",
      category: "test",
      routes: true,
      config: {},
      inputs: anyPorts(),
      outputs: anyPorts(),
      run: (ctx) => this.#run(ctx),
    });
  }

  async #run(ctx: NodeContext): Promise<Values> {
    const behaviour = this.#scenario.behaviours.get(ctx.node_id);
    if (behaviour === undefined) throw new Error(`No behaviour for ${ctx.node_id}`);
    this.#checkStart(ctx.node_id);
    this.running.add(ctx.node_id);
    try {
      ctx.stdout(`${ctx.node_id} attempt ${ctx.attempt}`);
      if (!behaviour.throwsAtOnce) await this.#work(ctx, behaviour);
      const failed = this.#failed.get(ctx.node_id) ?? 0;
      if (failed >= behaviour.failures) return this.#succeed(ctx, behaviour.port);
      this.#countFailure(ctx.node_id);
      throw new FlowError(behaviour.error, "Simulated failure", { details: { exit_code: 7 } });
    } finally {
      this.running.delete(ctx.node_id);
    }
  }

  async #work(ctx: NodeContext, behaviour: Behaviour): Promise<void> {
    try {
      await ctx.sleep(behaviour.durationMs);
    } catch (error) {
      if (behaviour.lingersMs > 0) await sleep(this.#clock, behaviour.lingersMs);
      throw error;
    }
  }

  /** The output depends on all inputs, so that none gets lost or changed unnoticed. */
  #succeed({ node_id, inputs }: NodeContext, port: string): Values {
    this.effects.set(node_id, (this.effects.get(node_id) ?? 0) + 1);
    const sorted = Object.entries(inputs).sort(([a], [b]) => a < b ? -1 : 1);
    return { [port]: nameToId(JSON.stringify([node_id, sorted])) };
  }

  #countFailure(nodeId: string): void {
    this.#failed.set(nodeId, (this.#failed.get(nodeId) ?? 0) + 1);
  }

  #checkStart(nodeId: string): void {
    const { settings } = this.#scenario.workflow;
    if (this.running.has(nodeId)) this.violations.push(`${nodeId} runs twice at once`);
    if (this.running.size >= settings.max_parallel_nodes) this.violations.push(`${nodeId} exceeds max_parallel_nodes`);
    if (this.#succeeded.has(nodeId)) this.violations.push(`${nodeId} runs again after its NodeCompleted`);
    for (const predecessor of this.#predecessors.get(nodeId) ?? []) {
      if (!this.#ended.has(predecessor)) {
        this.violations.push(`${nodeId} runs before the end of ${predecessor} is durable`);
      }
    }
  }
}
