import * as z from "zod";
import { createEngine, type Engine } from "../../engine/engine.ts";
import type { EngineOptions, ExecutionHandle } from "../../engine/engine_options.ts";
import { FlowError } from "../../engine/errors.ts";
import type { ExecutionEvent } from "../../engine/events.ts";
import { MemoryStore } from "../../engine/memory_store.ts";
import { anyPorts, defineNode, type NodeContext, type NodeDefinition } from "../../engine/node.ts";
import { readAllEvents, type Store } from "../../engine/store.ts";
import type { Values } from "../../engine/value.ts";
import type { RetryPolicy } from "../../engine/workflow.ts";
import { FakeClock } from "./fake_clock.ts";

/** What a node of a test does; by default it succeeds at once with `{out: <its id>}`. */
export type Act = (ctx: NodeContext) => Promise<Values> | Values;

/** Engines that share a clock, a store, and nodes of the type `test.node` that do what the test says, by node id. */
export class Lab {
  readonly clock = new FakeClock();
  readonly store: Store;
  /** Nodes that run right now. */
  readonly running = new Set<string>();
  /** `<node> <attempt>`, in the order of starting. */
  readonly begun: string[] = [];
  acts: Readonly<Record<string, Act>>;

  constructor(acts: Readonly<Record<string, Act>> = {}, store: Store = new MemoryStore()) {
    this.acts = acts;
    this.store = store;
  }

  /** Another process, as far as the store can tell. */
  openEngine(options: Partial<EngineOptions> = {}): Engine {
    return createEngine({ nodes: [this.#definition()], store: this.store, clock: this.clock, ...options });
  }

  async events(executionId: string): Promise<ExecutionEvent[]> {
    return await Array.fromAsync(readAllEvents(this.store, executionId));
  }

  /** An execution's events, a short line each. */
  async lines(executionId: string): Promise<string[]> {
    return (await this.events(executionId)).map(toLine);
  }

  /** What the `result` of an execution rejects with. */
  async failure(handle: ExecutionHandle): Promise<FlowError> {
    const error = await this.clock.run(handle.result.then(() => undefined, (error: unknown) => error));
    if (error instanceof FlowError) return error;
    throw new Error("The execution has not been broken off", { cause: error });
  }

  #definition(): NodeDefinition {
    return defineNode({
      type: "test.node",
      version: 1,
      summary: "Do what the test says",
      category: "test",
      config: { note: z.string().optional() },
      inputs: anyPorts(),
      outputs: anyPorts(),
      run: async (ctx) => {
        this.begun.push(`${ctx.node_id} ${ctx.attempt}`);
        this.running.add(ctx.node_id);
        try {
          return await (this.acts[ctx.node_id]?.(ctx) ?? { out: ctx.node_id });
        } finally {
          this.running.delete(ctx.node_id);
        }
      },
    });
  }
}

/** Succeeds after `ms`. */
export function sleeps(ms: number): Act {
  return async ({ sleep, node_id }) => {
    await sleep(ms);
    return { out: node_id };
  };
}

/** Fails every time. */
export function breaks(): Act {
  return () => {
    throw new FlowError("node_failed", "No luck");
  };
}

/** A store some of whose methods do something else. */
export function wrapStore(store: Store, replaced: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** The policy that a document's `retry_policy: {}` stands for. */
export function createPolicy(changes: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    max_attempts: 3,
    delay_ms: 1000,
    backoff_multiplier: 2,
    max_delay_ms: 60_000,
    retry_on_timeout: true,
    jitter: 0,
    ...changes,
  };
}

function toLine(event: ExecutionEvent): string {
  if ("node_id" in event) return `${event.type} ${event.node_id}`;
  return event.type === "WorkflowCompleted" ? `WorkflowCompleted ${event.status}` : event.type;
}
