import { HANDLERS } from "../../engine/events.ts";
import type { MapSpec, NodeSpec, OnError, RetryPolicy, RunIf, Workflow } from "../../engine/workflow.ts";
import { Random } from "../support/random.ts";
import { SIM_NODE, SIM_PLAIN } from "./rules.ts";

/** What some simulated nodes get, print and answer. */
export const SIM_SECRET = "simulated-s3cret";

/** What a simulated node, or one item of it, does. */
export interface Behaviour {
  durationMs: number;
  /** How many of its attempts fail before one succeeds; Infinity: all. */
  failures: number;
  /** Whether it goes on for a while after its signal has aborted. */
  lingersMs: number;
  error: "node_failed" | "invalid_input" | "exit_code";
  throwsAtOnce: boolean;
  /** The one port that it puts out, if it picks ways. */
  port: "out" | "other";
}

/** A random workflow, and what the world does to it. */
export interface Scenario {
  seed: number;
  workflow: Workflow;
  /** By node and by item, such as `n3` and `n3[0]`. */
  behaviours: Map<string, Behaviour>;
  cancelAtMs: number | undefined;
}

/** The longest list that a simulated node answers or maps over. */
export const MOST_ITEMS = 5;

export function createScenario(seed: number, limits: { maxNodes: number; onError?: OnError }): Scenario {
  const random = new Random(seed);
  const count = random.int(1, random.chance(0.1) ? limits.maxNodes : Math.min(30, limits.maxNodes));
  const nodes: NodeSpec[] = [];
  for (let i = 0; i < count; i++) nodes.push(createNode(random, i, nodes));
  const onError = limits.onError ??
    random.pick<OnError>(["StopWorkflow", "ContinueOnError", { RetryWorkflow: { max_attempts: random.int(1, 3) } }]);
  const workflow: Workflow = {
    id: `sim-${seed}`,
    name: `sim-${seed}`,
    nodes,
    connections: createConnections(random, nodes),
    triggers: [],
    settings: {
      max_parallel_nodes: random.int(1, 12),
      on_error: onError,
      max_execution_time_ms: random.chance(0.15) ? random.int(1, 5000) : null,
      ...createHandlers(random),
    },
  };
  const behaviours = new Map<string, Behaviour>();
  for (const { id, map } of [...nodes, ...HANDLERS.flatMap((name) => workflow.settings[name] ?? [])]) {
    if (map === undefined) behaviours.set(id, createBehaviour(random));
    else for (let i = 0; i < MOST_ITEMS; i++) behaviours.set(`${id}[${i}]`, createBehaviour(random));
  }
  return { seed, workflow, behaviours, cancelAtMs: random.chance(0.2) ? random.int(0, 4000) : undefined };
}

function createConnections(random: Random, nodes: readonly NodeSpec[]): Workflow["connections"] {
  const connections: Workflow["connections"] = [];
  const density = random.next() * Math.min(1, 6 / nodes.length);
  for (let to = 1; to < nodes.length; to++) {
    for (let from = 0; from < to; from++) {
      if (!random.chance(density)) continue;
      const from_port = random.chance(0.85) ? "out" : "other";
      connections.push({ from_node: `n${from}`, from_port, to_node: `n${to}`, to_port: `in${from}` });
    }
  }
  return connections;
}

function createNode(random: Random, i: number, before: readonly NodeSpec[]): NodeSpec {
  const node: NodeSpec = { id: `n${i}`, node_type: random.chance(0.7) ? SIM_NODE : SIM_PLAIN, config: {} };
  addLimits(random, node);
  if (i > 0 && random.chance(0.15)) node.depends_on = [`n${random.int(0, i - 1)}`];
  if (random.chance(0.2)) node.run_if = random.pick<RunIf>(["success", "failure", "always", "skipped"]);
  if (random.chance(0.1)) node.continue_on_error = true;
  const picking = before.filter(({ node_type }) => node_type === SIM_NODE);
  const [wanted] = picking.slice(random.int(0, picking.length));
  if (wanted !== undefined && random.chance(0.15)) node.when = `nodes.${wanted.id}.out`;
  if (random.chance(0.1)) node.inputs = { given: i > 0 ? `\${{ nodes.n${random.int(0, i - 1)}.list }}` : "given" };
  if (node.node_type === SIM_PLAIN && random.chance(0.5)) addMap(random, node, i);
  return node;
}

/** What any node may have, those of handlers too. */
function addLimits(random: Random, node: NodeSpec): void {
  if (random.chance(0.1)) node.config = { token: "${{ secrets.TOKEN }}" };
  if (random.chance(0.3)) node.timeout_ms = random.int(1, 1500);
  if (random.chance(0.5)) node.retry_policy = createPolicy(random);
  if (random.chance(0.2)) node.on_interrupt = "fail";
  if (random.chance(0.15)) {
    const until = `outputs.turn >= ${random.int(1, 3)}`;
    node.repeat = { until, delay_ms: random.pick([0, 10, 700]), max: random.int(1, 4) };
  }
}

/** Items that stand in the document, or that another node answers: not always something to map over. */
function addMap(random: Random, node: NodeSpec, i: number): void {
  const literal = Array.from({ length: random.int(0, MOST_ITEMS) }, () => random.pick([null, 1, "${", { a: [] }, "x"]));
  const items = i > 0 && random.chance(0.4) ? `\${{ nodes.n${random.int(0, i - 1)}.list }}` : literal;
  const map: MapSpec = { items, on_error: random.pick(["stop", "continue"]) };
  if (random.chance(0.6)) map.max_parallel = random.int(1, 4);
  node.map = map;
  node.inputs = { ...node.inputs, item: "${{ item }}", index: "${{ index }}" };
}

function createHandlers(random: Random): Partial<Workflow["settings"]> {
  const lists = HANDLERS.filter(() => random.chance(0.25)).map((name) => {
    const nodes = Array.from({ length: random.int(1, 2) }, (_, i) => createHandlerNode(random, `${name}_${i}`));
    return [name, nodes] as const;
  });
  return Object.fromEntries(lists);
}

function createHandlerNode(random: Random, id: string): NodeSpec {
  const node: NodeSpec = { id, node_type: SIM_PLAIN, config: {}, inputs: { status: "${{ execution.status }}" } };
  addLimits(random, node);
  if (random.chance(0.3)) node.when = `execution.status = '${random.pick(["succeeded", "failed", "cancelled"])}'`;
  if (random.chance(0.3)) addMap(random, node, 0);
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
