import type { Connection, NodeSpec, RetryPolicy, Workflow } from "../../engine/workflow.ts";
import type { Durability } from "../../store/connection.ts";
import { Random } from "../support/random.ts";
import { APPEND_NODE } from "./append_node.ts";
import { createScript, LEFTOVERS } from "./script.ts";

/** When a process is killed: so long after it was launched or has begun to drive, or right at one of its appends. */
export type Kill =
  | { when: "launched" | "driving"; afterMs: number }
  | { when: "before" | "after"; append: number };

/** A random workflow, and when the processes that drive it are killed. */
export interface Plan {
  seed: number;
  workflow: Workflow;
  durability: Durability;
  /** One life after the other; in some, two processes want to drive at the same time. After them nobody is killed. */
  lives: Kill[][];
}

/** The plan that a seed stands for; its nodes write to `side`. */
export function createPlan(seed: number, side: string): Plan {
  const random = new Random(seed);
  const count = random.int(5, 25);
  const nodes = Array.from({ length: count }, (_, i) => createNode(random, i, side));
  const workflow: Workflow = {
    id: `chaos-${seed}`,
    name: `chaos-${seed}`,
    nodes,
    connections: connect(random, nodes),
    triggers: [],
    settings: {
      max_parallel_nodes: random.int(1, 8),
      // What else has run when a failure stops the workflow would depend on how fast the machine is.
      on_error: "ContinueOnError",
      max_execution_time_ms: null,
      ...(random.chance(0.5) ? { on_exit: [createHandlerNode(random, side)] } : {}),
    },
  };
  const durability = seed % 4 === 0 ? "full" : "normal";
  const lives = Array.from({ length: random.int(4, 12) }, () => createLife(random));
  return { seed, workflow, durability, lives };
}

function createNode(random: Random, i: number, side: string): NodeSpec {
  const kind = random.next();
  const id = `n${i}`;
  if (kind < 0.1) return { id, node_type: "time.delay", config: { delay_ms: random.int(0, 150) } };
  const durationMs = random.chance(0.3) ? 0 : random.int(1, 80);
  if (kind < 0.4) return { id, node_type: APPEND_NODE, config: { side, duration_ms: durationMs } };
  const leftover = random.pick(LEFTOVERS);
  const node: NodeSpec = { id, node_type: "shell.exec", config: {} };
  if (random.chance(0.1)) node.on_interrupt = "fail";
  if (kind < 0.46) {
    node.timeout_ms = random.int(30, 120);
    if (random.chance(0.5)) node.retry_policy = createPolicy(random, 2);
    return withScript(node, side, createScript({ leftover, durationMs: Infinity, failures: 0 }));
  }
  const tries = random.int(1, 3);
  const failures = random.chance(0.7) ? 0 : random.chance(0.3) ? Infinity : tries;
  if (failures > 0) node.retry_policy = createPolicy(random, tries + 1);
  if (random.chance(0.15)) node.repeat = { until: "attempt >= 3", delay_ms: random.int(0, 30), max: 100 };
  if (node.on_interrupt === undefined && random.chance(0.25)) addMap(random, node);
  return withScript(node, side, createScript({ leftover, durationMs, failures }));
}

/** Items that go on without each other: which of them a failure would stop depends on how fast the machine is. */
function addMap(random: Random, node: NodeSpec): void {
  const items = Array.from({ length: random.int(1, 5) }, (_, i) => i);
  node.map = { items, on_error: "continue", max_parallel: random.int(1, 3) };
}

function createHandlerNode(random: Random, side: string): NodeSpec {
  const node: NodeSpec = { id: "n900", node_type: "shell.exec", config: {} };
  if (random.chance(0.5)) addMap(random, node);
  const failures = random.chance(0.3) ? Infinity : 0;
  return withScript(node, side, createScript({ leftover: "child", durationMs: random.int(0, 80), failures }));
}

function withScript(node: NodeSpec, side: string, command: string): NodeSpec {
  const ITEM = node.map === undefined ? "" : "[${{ index }}]";
  return { ...node, config: { command, shell: true, env: { SIDE: side, KEEPER: String(Deno.pid), ITEM } } };
}

function createPolicy(random: Random, max_attempts: number): RetryPolicy {
  return {
    max_attempts,
    delay_ms: random.int(0, 80),
    backoff_multiplier: 2,
    max_delay_ms: null,
    retry_on_timeout: true,
    jitter: 0,
  };
}

function connect(random: Random, nodes: readonly NodeSpec[]): Connection[] {
  const density = random.next() * Math.min(1, 5 / nodes.length);
  const connections: Connection[] = [];
  for (const [i, { id: to_node, node_type }] of nodes.entries()) {
    for (const { id: from_node } of nodes.slice(0, i)) {
      if (!random.chance(density)) continue;
      const to_port = node_type === "shell.exec" ? "stdin" : node_type === APPEND_NODE ? from_node : "output";
      connections.push({ from_node, from_port: "output", to_node, to_port });
    }
  }
  return connections;
}

function createLife(random: Random): Kill[] {
  return random.chance(0.15) ? [createKill(random), createKill(random)] : [createKill(random)];
}

function createKill(random: Random): Kill {
  const kind = random.next();
  if (kind < 0.25) return { when: "launched", afterMs: random.int(0, 300) };
  if (kind < 0.65) return { when: "driving", afterMs: random.int(0, 300) };
  return { when: random.pick(["before", "after"]), append: random.int(1, random.chance(0.5) ? 3 : 20) };
}
