import * as z from "zod";
import { abortError } from "../engine/clock.ts";
import { anyPorts, defineNode } from "../engine/node.ts";
import type { DefinedNode } from "../engine/node_type.ts";

const LONGEST_DELAY_MS = 24 * 60 * 60 * 1000;

const config = () => ({
  delay_ms: z.int().min(0).max(LONGEST_DELAY_MS).default(1000).describe("How long to wait, in milliseconds"),
});

const ports = () => anyPorts();

/** @internal */
type DelayNode = DefinedNode<typeof config, typeof ports, typeof ports>;

/**
 * Waits, then passes its inputs on. Cancelling ends the wait at once.
 *
 * ```ts
 * import { delay, workflow } from "flowengine";
 *
 * workflow("example").add("a", delay({ delay_ms: 500 }));
 * ```
 */
export const delay: DelayNode = defineNode({
  type: "time.delay",
  version: 1,
  summary: "Wait, then pass the inputs on",
  category: "time",
  config,
  inputs: ports,
  outputs: ports,
  async run({ config, inputs, signal, sleep }) {
    if (signal.aborted) throw abortError(signal);
    // The first timer of a process costs 5 ms.
    if (config.delay_ms > 0) await sleep(config.delay_ms);
    return inputs;
  },
});
