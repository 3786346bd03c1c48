import { anyPorts, defineNode, z } from "flowengine";
import { appendFileSync } from "node:fs";
import { nameToId } from "../../engine/id.ts";

export const APPEND_NODE = "chaos.append";

/** Does in this process what `createScript` does in one of its own. */
export const appendNode = defineNode({
  type: APPEND_NODE,
  version: 1,
  summary: "Append a line at its start and one at its end",
  category: "test",
  config: { side: z.string(), duration_ms: z.int() },
  inputs: anyPorts(),
  outputs: anyPorts(),
  async run({ config, inputs, node_id, attempt, sleep }) {
    const say = (what: string) => appendFileSync(config.side, `${what} ${node_id} ${attempt}\n`);
    say("start");
    if (config.duration_ms > 0) await sleep(config.duration_ms);
    say("end");
    const sorted = Object.entries(inputs).sort(([a], [b]) => a < b ? -1 : 1);
    return { output: `${node_id}(${nameToId(JSON.stringify(sorted))})` };
  },
});

/** For `flow run --nodes`. */
export const nodes = [appendNode];
