import * as z from "zod";
import { sleep } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { type ExecutionEvent, HANDLERS } from "../../engine/events.ts";
import { nameToId } from "../../engine/id.ts";
import { anyPorts, defineNode, type NodeContext, type NodeDefinition } from "../../engine/node.ts";
import type { SecretSource } from "../../engine/secret_source.ts";
import { canonicalJson, type Value, type Values } from "../../engine/value.ts";
import type { NodeSpec } from "../../engine/workflow.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { predecessorsOf, SIM_NODE, SIM_PLAIN, unitOf } from "./rules.ts";
import { type Behaviour, MOST_ITEMS, type Scenario, SIM_SECRET } from "./scenario.ts";

const ENDINGS = new Set<string>(["NodeCompleted", "NodeFailed", "NodeSkipped"]);

/** Where the secret of simulated nodes comes from. */
export const simSecrets: SecretSource = { read: (names) => new Map(names.map((name) => [name, SIM_SECRET])) };

/** Where simulated nodes run: counts, checks what no event shows, and remembers what has happened outside the engine. */
export class World {
  readonly violations: string[] = [];
  /** Nodes, and items of nodes, that run now. */
  readonly running = new Set<string>();
  /** How often the work of each was done to its end. */
  readonly effects = new Map<string, number>();
  readonly #scenario: Scenario;
  readonly #clock: FakeClock;
  readonly #specs: ReadonlyMap<string, NodeSpec>;
  readonly #predecessors: ReadonlyMap<string, string[]>;
  /** Attempts that failed by themselves. */
  readonly #failed = new Map<string, number>();
  /** What is durable of this round. */
  readonly #ended = new Set<string>();
  readonly #items = new Map<string, readonly Value[]>();
  readonly #repetitions = new Map<string, number>();
  #isFinishing = false;

  constructor(scenario: Scenario, clock: FakeClock) {
    this.#scenario = scenario;
    this.#clock = clock;
    const { workflow } = scenario;
    const lists = HANDLERS.map((name) => workflow.settings[name] ?? []);
    this.#specs = new Map([workflow.nodes, ...lists].flat().map((spec) => [spec.id, spec]));
    const before = workflow.nodes.map((spec) => [spec.id, predecessorsOf(workflow, spec)] as const);
    const inOrder = lists.flatMap((list) =>
      list.map(({ id }, i) => [id, i === 0 ? [] : [list[i - 1]?.id ?? ""]] as const)
    );
    this.#predecessors = new Map([...before, ...inOrder]);
  }

  /** What has failed before, in the events of a journal that is durable, and observed, already. */
  replay(events: readonly ExecutionEvent[]): void {
    for (const event of events) {
      if (event.type === "NodeRetrying" && event.error.code !== "interrupted") count(this.#failed, unitOf(event));
    }
  }

  /** To be told of every durable event, so that the order of facts and acts can be compared. */
  observe(event: ExecutionEvent): void {
    if (event.type === "WorkflowFinishing") this.#isFinishing = true;
    if (event.type === "NodeExpanded") this.#items.set(event.node_id, event.items);
    if (event.type === "NodeRepeating") count(this.#repetitions, unitOf(event));
    if ("node_id" in event && ENDINGS.has(event.type)) this.#ended.add(unitOf(event));
    if (event.type !== "WorkflowRetrying") return;
    for (const known of [this.#ended, this.#items, this.#repetitions]) known.clear();
  }

  definitions(): NodeDefinition[] {
    return [SIM_NODE, SIM_PLAIN].map((type) =>
      defineNode({
        type,
        version: 1,
        summary: "Do what the scenario says",
        category: "test",
        routes: type === SIM_NODE,
        config: { token: z.enum(["", SIM_SECRET]).default("") },
        inputs: anyPorts(),
        outputs: anyPorts(),
        run: (ctx) => this.#run(ctx, ctx.config.token),
      })
    );
  }

  async #run(ctx: NodeContext, token: string): Promise<Values> {
    const unit = nameOf(ctx);
    const behaviour = this.#scenario.behaviours.get(unit);
    if (behaviour === undefined) throw new Error(`No behaviour for ${unit}`);
    this.#checkStart(ctx, unit);
    this.running.add(unit);
    try {
      ctx.stdout(`${unit} attempt ${ctx.attempt} ${token}`);
      if (!behaviour.throwsAtOnce) await this.#work(ctx, behaviour);
      if ((this.#failed.get(unit) ?? 0) >= behaviour.failures) return this.#succeed(ctx, unit, behaviour, token);
      count(this.#failed, unit);
      throw new FlowError(behaviour.error, `Simulated failure ${token}`, { details: { exit_code: 7, token } });
    } finally {
      this.running.delete(unit);
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
  #succeed({ node_id, inputs }: NodeContext, unit: string, { port }: Behaviour, token: string): Values {
    count(this.effects, unit);
    const answer = nameToId(canonicalJson([unit, inputs]));
    const list = Array.from(
      { length: parseInt(answer.slice(0, 2), 16) % (MOST_ITEMS + 1) },
      (_, i) => `${answer} ${i}`,
    );
    const turn = (this.#repetitions.get(unit) ?? 0) + 1;
    const name = this.#specs.get(node_id)?.node_type === SIM_NODE ? port : "out";
    return { [name]: answer + token, list, turn };
  }

  #checkStart({ node_id, index, inputs }: NodeContext, unit: string): void {
    const { settings } = this.#scenario.workflow;
    const spec = this.#specs.get(node_id);
    const siblings = [...this.running].filter((other) => other.startsWith(`${node_id}[`)).length;
    if (this.running.has(unit)) this.violations.push(`${unit} runs twice at once`);
    if (this.running.size >= settings.max_parallel_nodes) this.violations.push(`${unit} exceeds max_parallel_nodes`);
    if (siblings >= (spec?.map?.max_parallel ?? Infinity)) this.violations.push(`${unit} exceeds max_parallel`);
    for (const name of [unit, node_id]) {
      if (this.#ended.has(name)) this.violations.push(`${unit} runs after ${name} ended`);
    }
    for (const predecessor of this.#predecessors.get(node_id) ?? []) {
      if (!this.#ended.has(predecessor)) {
        this.violations.push(`${unit} runs before the end of ${predecessor} is durable`);
      }
    }
    if (this.#isFinishing === this.#scenario.workflow.nodes.some(({ id }) => id === node_id)) {
      this.violations.push(`${unit} runs ${this.#isFinishing ? "after" : "before"} WorkflowFinishing`);
    }
    if ((spec?.map === undefined) !== (index === undefined)) this.violations.push(`${unit} has a wrong index`);
    if (index === undefined) return;
    const item = this.#items.get(node_id)?.[index];
    if (
      inputs.index !== index || canonicalJson(inputs.item ?? null) !== canonicalJson(item === undefined ? "none" : item)
    ) {
      this.violations.push(`${unit} runs for ${JSON.stringify(inputs.item)}, not ${JSON.stringify(item)}`);
    }
  }
}

function nameOf({ node_id, index }: NodeContext): string {
  return unitOf({ node_id, ...(index === undefined ? {} : { index }) });
}

function count(counts: Map<string, number>, unit: string): void {
  counts.set(unit, (counts.get(unit) ?? 0) + 1);
}
