/**
 * A program that can be killed at any moment, and goes on where it was when it is started again:
 *
 *     deno run -A examples/embedding.ts orders.db
 *
 * Kill it while it packs the orders, and run it again: what it said was packed is not packed again.
 */
import { argv } from "node:process";
import { builtinNodes, createEngine, defineNode, type Engine, openSqliteStore, parseWorkflow, z } from "flowengine";

const ORDERS = ["apples", "bread", "cheese"];

const pack = defineNode({
  type: "order.pack",
  version: 1,
  summary: "Pack an order",
  category: "shop",
  config: { order: z.string() },
  inputs: { before: z.array(z.string()).default([]) },
  outputs: { packed: z.array(z.string()) },
  async run({ config, inputs, sleep }) {
    await sleep(500);
    return { packed: [...inputs.before, config.order] };
  },
});

/** One order after the other. */
const packing = {
  id: "packing",
  name: "Packing",
  nodes: ORDERS.map((order) => ({ id: order, node_type: "order.pack", config: { order } })),
  connections: ORDERS.slice(1).map((order, index) => ({
    from_node: ORDERS[index],
    from_port: "packed",
    to_node: order,
    to_port: "before",
  })),
};

/** Goes on with what an earlier run of this program has left unfinished, or else starts anew. */
async function packOrders(engine: Engine): Promise<void> {
  await engine.releaseDeadOwners();
  const [unfinished] = await engine.store.listExecutions(
    { workflow_id: packing.id, status: "interrupted" },
    Date.now(),
  );
  console.log(unfinished === undefined ? "starting" : "going on");
  const execution = unfinished === undefined
    ? await engine.start(await parseWorkflow(packing, { registry: engine.registry }))
    : await engine.resume(unfinished.execution_id);
  for await (const event of execution.events({ after: unfinished?.last_seq ?? 0 })) {
    if (event.type === "NodeCompleted") console.log(`packed ${event.node_id}`);
  }
  const { status, outputs } = await execution.result;
  console.log(`${status}: ${outputs["cheese"]?.["packed"]}`);
}

async function main(database: string): Promise<void> {
  const store = await openSqliteStore(database);
  const engine = createEngine({ nodes: [...builtinNodes(), pack], store });
  try {
    await packOrders(engine);
  } finally {
    await engine.close();
    await store.close();
  }
}

if (import.meta.main) await main(argv[2] ?? "orders.db");
