import assert from "node:assert/strict";
import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import { hasPort, type NodeDefinition } from "../../engine/node.ts";
import type { Values } from "../../engine/value.ts";
import { getPlatform } from "../../platform/mod.ts";
import { createContext } from "../support/node_harness.ts";

/** A run of a node. */
export interface NodeSample {
  config?: Record<string, unknown>;
  inputs?: Values;
}

/** What the contract needs to know about one node type. */
export interface NodeContractOptions {
  definition: NodeDefinition;
  /** Opens what the samples need, such as a server; the answer closes it. */
  open?: () => Promise<{ quick: NodeSample; slow?: NodeSample; close(): Promise<void> }>;
  /** Runs through. */
  quick?: NodeSample;
  /** Runs until it is aborted; without it the node is one that never waits. */
  slow?: NodeSample;
  /** Whether what the samples need cannot be had here; the test file prints why. */
  ignore?: boolean;
  /** Config that has to be refused. */
  refused: readonly Record<string, unknown>[];
}

/** The tests that every node type passes. */
export function nodeContract(options: NodeContractOptions): void {
  const { definition } = options;
  const test = (name: string, work: (samples: { quick: NodeSample; slow?: NodeSample }) => Promise<void> | void) =>
    Deno.test({
      name: `${definition.type} ${name}`,
      ignore: options.ignore ?? false,
      fn: () => withSamples(options, work),
    });

  test("has a type, a summary and schemas that can be shown", () => checkDescription(definition));
  test("refuses unknown and wrong config", ({ quick }) => checkConfig(definition, quick, options.refused));
  test("answers what its ports declare, and leaves no process", ({ quick }) => checkOutputs(definition, quick));
  test("does nothing if it is aborted before it starts", ({ quick }) => checkAbortBefore(definition, quick));
  if (options.slow === undefined && options.open === undefined) return;
  test("ends promptly when it is aborted, and leaves no process", async ({ slow }) => {
    assert.ok(slow, "the contract needs a slow sample");
    await checkAbortDuring(definition, slow);
  });
}

async function withSamples(
  options: NodeContractOptions,
  work: (samples: { quick: NodeSample; slow?: NodeSample }) => Promise<void> | void,
): Promise<void> {
  const { quick = {}, slow } = options;
  const samples = await options.open?.() ?? { quick, ...(slow === undefined ? {} : { slow }), close: async () => {} };
  try {
    await work(samples);
  } finally {
    await samples.close();
  }
}

function checkDescription(definition: NodeDefinition): void {
  assert.match(definition.type, /^[a-z_]+\.[a-z_]+$/);
  assert.match(definition.summary, /^[A-Z][^.\n]+$/);
  const shapes = [definition.config, z.object(definition.inputs.shape), z.object(definition.outputs.shape)];
  for (const shape of shapes) {
    for (const io of ["input", "output"] as const) assert.equal(z.toJSONSchema(shape, { io }).type, "object");
  }
}

function checkConfig(definition: NodeDefinition, quick: NodeSample, refused: readonly Record<string, unknown>[]): void {
  const good = quick.config ?? {};
  assert.ok(definition.config.safeParse(good).success, "the sample's config is fine");
  assert.ok(!definition.config.safeParse({ ...good, no_such_key: 1 }).success, "an unknown key is refused");
  for (const wrong of refused) {
    assert.ok(!definition.config.safeParse({ ...good, ...wrong }).success, `refuses ${JSON.stringify(wrong)}`);
  }
}

async function checkOutputs(definition: NodeDefinition, sample: NodeSample): Promise<void> {
  const { ctx } = createContext(definition, sample);
  const outputs = await definition.run(ctx);
  for (const [port, value] of Object.entries(outputs)) {
    assert.ok(hasPort(definition.outputs, port), `port "${port}" is declared`);
    definition.outputs.shape[port]?.parse(value);
  }
  await checkNothingLeft(ctx.attempt_id);
}

async function checkAbortBefore(definition: NodeDefinition, sample: NodeSample): Promise<void> {
  const reason = new FlowError("cancelled", "Cancelled by the contract");
  const { ctx, events } = createContext(definition, { ...sample, signal: AbortSignal.abort(reason) });
  await assert.rejects(async () => await definition.run(ctx), reason);
  assert.deepEqual(events, []);
  await checkNothingLeft(ctx.attempt_id);
}

async function checkAbortDuring(definition: NodeDefinition, sample: NodeSample): Promise<void> {
  const reason = new FlowError("cancelled", "Cancelled by the contract");
  const controller = new AbortController();
  const { ctx } = createContext(definition, { ...sample, signal: controller.signal });
  const running = Promise.resolve(definition.run(ctx));
  const outcome = running.then(() => "succeeded", (error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 50));
  controller.abort(reason);
  assert.equal(await outcome, reason);
  await checkNothingLeft(ctx.attempt_id);
}

async function checkNothingLeft(mark: string): Promise<void> {
  assert.equal(await getPlatform().endLeftovers({ mark }, 0), 0, "no process is left");
}
