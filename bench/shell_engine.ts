import { builtinNodes, createEngine, type Engine, parseWorkflow } from "../mod.ts";
import type { StoreKind } from "./figure.ts";
import { withFolder } from "./rounds.ts";
import { openBenchStore } from "./stores.ts";
import type { Document, NodeTemplate } from "./workflows.ts";

/** `true`, as a node that takes the output of the one before. */
export const trueNode: NodeTemplate = {
  node_type: "shell.exec",
  config: { command: "true" },
  from_port: "stdout",
  to_port: "stdin",
};

/** Hands an engine to `work`, and closes it. */
export function withEngine<T>(store: StoreKind, work: (engine: Engine) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const opened = await openBenchStore(store, folder);
    const engine = createEngine({ nodes: builtinNodes(), store: opened });
    try {
      return await work(engine);
    } finally {
      await engine.close();
      await opened.close();
    }
  });
}

/** Runs a document to its end, which has to be a good one. */
export async function runDocument(engine: Engine, document: Document): Promise<void> {
  const workflow = await parseWorkflow(document, { registry: engine.registry });
  const execution = await engine.start(workflow, {});
  const { status } = await execution.result;
  if (status !== "succeeded") throw new Error(`The measured execution ended ${status}`);
}

/** Starts `true` `count` times with nothing around it, `parallel` at a time. */
export async function spawnBare(count: number, parallel: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await new Deno.Command("true").output();
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
