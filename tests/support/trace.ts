import * as z from "zod";
import { createEngine } from "../../engine/engine.ts";
import type { StartOptions } from "../../engine/engine_options.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { MemoryStore } from "../../engine/memory_store.ts";
import { anyPorts, defineNode, type NodeContext } from "../../engine/node.ts";
import { readAllEvents } from "../../engine/store.ts";
import type { Values } from "../../engine/value.ts";
import type { ExecutionResult } from "../../engine/verdict.ts";
import type { Connection, NodeSpec, Workflow, WorkflowSettings } from "../../engine/workflow.ts";
import { FakeClock } from "./fake_clock.ts";

/** What a node of a test does; by default it succeeds at once with `{out: <its id>}`. */
export type Act = (ctx: NodeContext) => Promise<Values> | Values;

/** Succeeds after `ms`. */
export function takes(ms: number, outputs: Values = { out: "done" }): Act {
  return async (ctx) => {
    await ctx.sleep(ms);
    return outputs;
  };
}

/** Fails, each time or only the first `times`. */
export function fails(times = Infinity, error = new FlowError("node_failed", "No luck")): Act {
  let failed = 0;
  return ({ node_id }) => {
    if (failed++ < times) throw error;
    return { out: node_id };
  };
}

/** A workflow of nodes of the type `test.act`: `"a > b, a > c"` connects `out` with `in`; a lone id is a node too. */
export function sketch(
  text: string,
  options: { nodes?: Record<string, Partial<NodeSpec>>; settings?: Partial<WorkflowSettings> } = {},
): Workflow {
  const connections: Connection[] = [];
  const ids = new Set<string>();
  for (const part of text.split(",")) {
    const path = part.trim().split(/\s*>\s*/);
    path.forEach((id) => ids.add(id));
    for (let i = 1; i < path.length; i++) {
      connections.push({ from_node: path[i - 1] ?? "", from_port: "out", to_node: path[i] ?? "", to_port: "in" });
    }
  }
  const nodes = [...ids].map((id): NodeSpec => ({ id, node_type: "test.act", config: {}, ...options.nodes?.[id] }));
  const settings = { max_parallel_nodes: 10, on_error: "StopWorkflow" as const, max_execution_time_ms: null };
  return { id: "w", name: "w", nodes, connections, triggers: [], settings: { ...settings, ...options.settings } };
}

/** All that an execution did. */
export interface Trace {
  events: ExecutionEvent[];
  /** A line per event that is not talk, such as `NodeSkipped b (a)`. */
  lines: string[];
  /** The same with seconds since the start in front. */
  timeline: string[];
  result: ExecutionResult;
}

/** Runs `workflow` on a fake clock. `during` may interfere before anything has happened. */
export async function trace(
  workflow: Workflow,
  acts: Record<string, Act> = {},
  options: StartOptions & { env?: Record<string, string> } & {
    during?: (run: { clock: FakeClock; cancel: (reason?: string) => void }) => void;
  } = {},
): Promise<Trace> {
  const { during, env = {}, ...startOptions } = options;
  const clock = new FakeClock();
  const store = new MemoryStore();
  const engine = createEngine({
    nodes: [actNode(acts), plainNode(acts)],
    store,
    clock,
    random: () => 0,
    env: (name) => env[name],
  });

  const execution = await engine.start(workflow, startOptions);
  during?.({ clock, cancel: (reason) => execution.cancel(reason) });
  const result = await clock.run(execution.result);
  const events = await Array.fromAsync(readAllEvents(store, execution.execution_id));
  const startedAt = Date.parse(events[0]?.timestamp ?? "");
  const told = events.filter((event) => event.type !== "NodeEvent");
  const lines = told.map(toLine);
  const timeline = told.map((event, i) => `${(Date.parse(event.timestamp) - startedAt) / 1000} ${lines[i]}`);
  return { events, lines, timeline, result };
}

/** The node type of {@link sketch}. */
export function actNode(acts: Record<string, Act>) {
  return defineNode({
    type: "test.act",
    version: 1,
    summary: "Do what the test says",
    category: "test",
    routes: true,
    config: { value: z.unknown().optional(), count: z.int().optional() },
    inputs: anyPorts(),
    outputs: anyPorts(),
    run: (ctx) => acts[ctx.node_id]?.(ctx) ?? { out: ctx.node_id },
  });
}

/** The same as a node type that does not pick ways. */
function plainNode(acts: Record<string, Act>) {
  return defineNode({
    type: "test.plain",
    version: 1,
    summary: "Do what the test says",
    category: "test",
    config: { value: z.unknown().optional() },
    inputs: anyPorts(),
    outputs: anyPorts(),
    run: (ctx) => acts[ctx.node_id]?.(ctx) ?? { out: ctx.node_id },
  });
}

function toLine(event: ExecutionEvent): string {
  const name = "node_id" in event ? event.node_id + (event.index === undefined ? "" : `[${event.index}]`) : "";
  switch (event.type) {
    case "NodeSkipped":
      return `NodeSkipped ${name} (${event.because.node_id ?? event.because.reason})`;
    case "NodeFailed":
      return `NodeFailed ${name}${event.error.code === "cancelled" ? " (cancelled)" : ""}`;
    case "NodeStarted":
      return `NodeStarted ${name}${event.attempt === 1 ? "" : ` #${event.attempt}`}`;
    case "NodeRetrying":
    case "NodeRepeating":
      return `${event.type} ${name} in ${event.delay_ms}`;
    case "WorkflowFinishing":
    case "WorkflowCompleted":
      return `${event.type} ${event.status}`;
    default:
      return name === "" ? event.type : `${event.type} ${name}`;
  }
}
