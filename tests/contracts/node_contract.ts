import assert from "node:assert/strict";
import { FlowError } from "../../engine/errors.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import {
  nodeContract as authorsContract,
  type NodeContractOptions as AuthorsOptions,
} from "../../sdk/testing/node_contract.ts";
import { createContext } from "../support/node_harness.ts";

/** What the contract needs to know about one node type. */
export interface NodeContractOptions extends AuthorsOptions {
  definition: NodeDefinition;
  /** Whether what the samples need cannot be had here; the test file prints why. */
  ignore?: boolean;
  /** Config that has to be refused. */
  refused: readonly Record<string, unknown>[];
}

/** The tests that every built-in node type passes: those of all authors, and how types and summaries are written here. */
export function nodeContract({ definition, ignore = false, ...options }: NodeContractOptions): void {
  const test = (name: string, fn: () => Promise<void>) => Deno.test({ name, ignore, fn });
  authorsContract(test, definition, options);
  test(`${definition.type} is described as all built-in nodes are`, async () => {
    assert.match(definition.type, /^[a-z_]+\.[a-z_]+$/);
    assert.match(definition.summary, /^[A-Z][^.\n]+$/);
    await Promise.resolve();
  });
  test(`${definition.type} does nothing if it is aborted before it starts`, () =>
    checkAbortBefore(definition, options));
}

async function checkAbortBefore(definition: NodeDefinition, options: AuthorsOptions): Promise<void> {
  const samples = await options.open?.();
  try {
    const reason = new FlowError("cancelled", "Cancelled by the contract");
    const sample = samples?.quick ?? options.quick ?? {};
    const { ctx, events } = createContext(definition, { ...sample, signal: AbortSignal.abort(reason) });
    await assert.rejects(async () => await definition.run(ctx), reason);
    assert.deepEqual(events, []);
  } finally {
    await samples?.close();
  }
}
