/**
 * What authors of node types test them with: one node by itself, and what every node has to do right.
 *
 * ```ts
 * import { test } from "node:test";
 * import { debugLog } from "flowengine";
 * import { nodeContract, runNode } from "flowengine/testing";
 *
 * nodeContract(test, debugLog, { quick: { inputs: { message: "hi" } }, refused: [{ level: "loud" }] });
 * test("debug.log passes its message on", async () => {
 *   const { outputs, messages } = await runNode(debugLog, { inputs: { message: "hi" } });
 *   if (outputs.message !== messages[0]) throw new Error("it is another one");
 * });
 * ```
 *
 * @module
 */
export {
  type NodeCase,
  nodeCases,
  nodeContract,
  type NodeContractOptions,
  type NodeSample,
  type OpenSamples,
  type RegisterTest,
} from "./node_contract.ts";
export { type NodeRun, type NodeRunOptions, runNode } from "./run_node.ts";
