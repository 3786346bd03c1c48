import assert from "node:assert/strict";
import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import type { Values } from "../../engine/value.ts";
import { getPlatform } from "../../platform/mod.ts";
import { parseConfig, runNode, testAttemptId } from "./run_node.ts";

/** A run of a node. */
export interface NodeSample {
  /** Default `{}`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Default `{}`. */
  readonly inputs?: Values;
}

/** Samples, and how to close what they needed. */
export interface OpenSamples {
  /** Runs through. */
  readonly quick: NodeSample;
  /** Runs until it is aborted. Default: `slow` of the options, else `quick` is aborted as soon as it has begun. */
  readonly slow?: NodeSample;
  /** Closes what was opened. */
  close(): Promise<void> | void;
}

/** What the contract needs to know about a node type. */
export interface NodeContractOptions {
  /** A run that succeeds. Default: without config and inputs. */
  readonly quick?: NodeSample;
  /** A run that goes on until it is aborted; without it the node is one that never waits. */
  readonly slow?: NodeSample;
  /** Makes the samples of each case instead, with what they need, such as a server. */
  open?(): Promise<OpenSamples> | OpenSamples;
  /** Configs that have to be refused: `quick.config` with these keys. */
  readonly refused?: readonly Readonly<Record<string, unknown>>[];
  /** How soon it has to end when it is aborted, in milliseconds. Default 10,000. */
  readonly promptMs?: number;
}

/** One thing that every node type does right. */
export interface NodeCase {
  /** A sentence that begins with the node type. */
  readonly name: string;
  /** Rejects if it does not. */
  run(): Promise<void>;
}

/** What makes a test: `Deno.test`, `test` of `node:test`, of vitest, ... */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** How long a slow node runs until it is aborted. */
const UNTIL_ABORT_MS = 50;

/**
 * Makes a test of each thing that every node type has to do right: its schemas can be shown; unknown and wrong config
 * is refused; what it answers fits its ports; when it is aborted it ends promptly; it leaves no process.
 *
 * ```ts
 * import { test } from "node:test";
 * import { defineNode, z } from "flowengine";
 * import { nodeContract } from "flowengine/testing";
 *
 * const pause = defineNode({
 *   type: "my.pause",
 *   version: 1,
 *   summary: "Wait a while",
 *   category: "mine",
 *   config: { ms: z.int().min(0) },
 *   inputs: {},
 *   outputs: { waited: z.int() },
 *   async run({ config, sleep }) {
 *     await sleep(config.ms);
 *     return { waited: config.ms };
 *   },
 * });
 * nodeContract(test, pause, {
 *   quick: { config: { ms: 1 } },
 *   slow: { config: { ms: 60_000 } },
 *   refused: [{ ms: -1 }, { ms: "1" }],
 * });
 * ```
 */
export function nodeContract(test: RegisterTest, definition: NodeDefinition, options: NodeContractOptions = {}): void {
  for (const { name, run } of nodeCases(definition, options)) test(name, run);
}

/**
 * The tests of {@link nodeContract}, for test runners of another kind.
 *
 * ```ts
 * import { debugLog } from "flowengine";
 * import { nodeCases } from "flowengine/testing";
 *
 * for (const { name, run } of nodeCases(debugLog, { quick: { inputs: { message: "hi" } } })) {
 *   await run();
 *   console.log(`${name}: ok`);
 * }
 * ```
 */
export function nodeCases(definition: NodeDefinition, options: NodeContractOptions = {}): NodeCase[] {
  const promptMs = options.promptMs ?? 10_000;
  const cases: [sentence: string, run: (samples: OpenSamples) => Promise<void> | void][] = [
    ["has a type, a summary and schemas that can be shown", () => checkDescription(definition)],
    ["refuses unknown and wrong config", ({ quick }) => checkConfig(definition, quick, options.refused ?? [])],
    ["answers what its ports declare, and leaves no process", ({ quick }) => checkOutputs(definition, quick)],
  ];
  if (options.slow !== undefined || options.open !== undefined) {
    cases.push([
      "ends promptly when it is aborted, and leaves no process",
      ({ quick, slow = options.slow }) => checkAbort(definition, quick, slow, promptMs),
    ]);
  }
  return cases.map(([sentence, run]) => ({
    name: `${definition.type} ${sentence}`,
    run: () => withSamples(options, run),
  }));
}

async function withSamples(
  options: NodeContractOptions,
  run: (samples: OpenSamples) => Promise<void> | void,
): Promise<void> {
  const { quick = {}, slow } = options;
  const given = { quick, ...(slow === undefined ? {} : { slow }), close: () => {} };
  const samples = await options.open?.() ?? given;
  try {
    await run(samples);
  } finally {
    await samples.close();
  }
}

function checkDescription(definition: NodeDefinition): void {
  const { type, summary } = definition;
  assert.match(type, /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/, `type is "family.verb", not ${JSON.stringify(type)}`);
  assert.match(summary, /^[^\n]+$/, "summary is one line");
  const shapes = [definition.config, z.object(definition.inputs.shape), z.object(definition.outputs.shape)];
  for (const shape of shapes) {
    for (const io of ["input", "output"] as const) assert.equal(z.toJSONSchema(shape, { io }).type, "object");
  }
}

function checkConfig(
  definition: NodeDefinition,
  quick: NodeSample,
  refused: readonly Readonly<Record<string, unknown>>[],
): void {
  const good = quick.config ?? {};
  parseConfig(definition, good);
  for (const wrong of [{ no_such_key: 1 }, ...refused]) {
    assert.throws(() => parseConfig(definition, { ...good, ...wrong }), isRefusal, `accepts ${JSON.stringify(wrong)}`);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof FlowError && error.code === "invalid_config";
}

async function checkOutputs(definition: NodeDefinition, sample: NodeSample): Promise<void> {
  const execution_id = crypto.randomUUID();
  const { outputs } = await runNode(definition, { ...sample, execution_id });
  for (const [port, value] of Object.entries(outputs)) {
    const parsed = definition.outputs.shape[port]?.safeParse(value);
    assert.ok(parsed?.success !== false, `output "${port}" is not what it declares: ${parsed?.error?.message}`);
  }
  await checkNothingLeft(execution_id);
}

const SUCCESS = "it succeeded";

async function checkAbort(
  definition: NodeDefinition,
  quick: NodeSample,
  slow: NodeSample | undefined,
  promptMs: number,
): Promise<void> {
  const reason = new FlowError("cancelled", "Cancelled by the contract");
  const controller = new AbortController();
  const execution_id = crypto.randomUUID();
  const running = runNode(definition, { ...slow ?? quick, execution_id, signal: controller.signal });
  const outcome = running.then(() => SUCCESS, (error: unknown) => error);
  if (slow !== undefined) {
    assert.equal(await within(UNTIL_ABORT_MS, outcome), undefined, "the slow sample has ended before it was aborted");
  }
  controller.abort(reason);
  const ended = await within(promptMs, outcome);
  assert.notEqual(ended, undefined, `it still runs ${promptMs} ms after it was aborted: listen to ctx.signal`);
  if (slow !== undefined || ended !== SUCCESS) assert.equal(ended, reason, "it fails because it was aborted");
  await checkNothingLeft(execution_id);
}

/** Undefined if it takes longer. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), ms));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function checkNothingLeft(executionId: string): Promise<void> {
  const mark = testAttemptId(executionId);
  assert.equal(await getPlatform().endLeftovers({ mark }, 0), 0, "no process is left");
}
