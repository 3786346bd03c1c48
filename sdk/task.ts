import { FlowError } from "../engine/errors.ts";
import { anyPorts, defineNode, type NodeContext, type Ports, type Shape } from "../engine/node.ts";
import type { ConfiguredNode } from "../engine/node_type.ts";
import { showValue } from "../engine/plain.ts";
import type { Value, Values } from "../engine/value.ts";
import type { z } from "../engine/zod.ts";
import { anyValue } from "../nodes/_value.ts";
import type { NodeOptions } from "./node_options.ts";

/**
 * How a function runs as a node; the options of a node itself win over these. What makes one node of many is said where
 * it is added: its place, what it waits for, what it goes over.
 */
export interface TaskOptions extends Omit<NodeOptions, "depends_on" | "position" | "name" | "map"> {
  /** What the code is known by, also in another process. Default: the name of the function. */
  readonly name?: string;
  /** One line for `flow nodes`. */
  readonly summary?: string;
  /** Raise it when the same inputs give another result: cached results are not used then. Default 1. */
  readonly version?: number;
  /** Zod types that inputs are checked against; default: whatever comes is handed over. */
  readonly inputs?: Shape;
}

/** The input ports of a function: the properties of its parameter. */
export type TaskInputs<I> = Ports<
  { [K in keyof I & string]-?: undefined extends I[K] ? z.ZodOptional<z.ZodType<I[K], I[K]>> : z.ZodType<I[K], I[K]> },
  false
>;

/** The output port of a function: `result`, which is null if it returns nothing. */
export type TaskOutputs<R> = Ports<{ result: z.ZodType<R extends void ? null : R> }, false>;

/** A function as a node of workflows. */
export interface Task<I, R> extends ConfiguredNode<TaskInputs<I>, TaskOutputs<R>> {
  /** How it runs, if the node does not say otherwise. */
  readonly options: NodeOptions;
}

/**
 * Makes a node of a function. The properties of its parameter are input ports, what it returns is on the port `result`.
 * The second argument, if it takes one, is the context of all nodes: `signal`, `log`, `sleep`, ...
 *
 * ```ts
 * import { task, workflow } from "flowengine";
 *
 * const double = task(function double({ value }: { value: number }) {
 *   return value * 2;
 * }, { retry: 3, timeout: 30 });
 *
 * const wf = workflow("doubling");
 * const first = wf.add("first", double, { value: 21 });
 * wf.add("second", double, { value: first.result });
 * console.log((await wf.run()).outputs);
 * ```
 *
 * The document only has the name of the function. A process that resumes an execution needs the code under that name.
 *
 * @throws {FlowError} `invalid_argument` if it is no function, or has no name
 */
export function task<I extends object = Record<never, never>, R = unknown>(
  run: (inputs: I, ctx: NodeContext) => R,
  options: TaskOptions = {},
): Task<I, Awaited<R>> {
  if (typeof run !== "function") {
    throw new FlowError("invalid_argument", `Cannot make a node of ${showValue(run)}: it is no function`, {
      hint: "Pass a function that takes an object of inputs.",
    });
  }
  const { name = run.name, summary, version = 1, inputs, ...nodeOptions } = options;
  if (!name) {
    throw new FlowError("invalid_argument", "Cannot make a node of a function without a name", {
      hint: 'Name the function, or pass { name: "..." }: it is how another process finds the code.',
    });
  }
  const definition = defineNode({
    type: `task.${name}`,
    version,
    summary: summary ?? `Call the function ${name}`,
    category: "task",
    config: {},
    inputs: inputs ?? anyPorts(),
    outputs: () => ({ result: anyValue() }),
    // Whether the inputs fit the parameter is for the compiler to say, or for `inputs`.
    run: async (ctx) => ({ result: (await run(ctx.inputs as Values as I, ctx as NodeContext) ?? null) as Value }),
  });
  return { definition, config: {}, options: nodeOptions } as unknown as Task<I, Awaited<R>>;
}
