/**
 * A workflow with node types of its own, in TypeScript.
 *
 * Run it as a script, `deno run -A examples/custom_node.ts`, or by `flow run examples/custom_node.ts`, which needs
 * only this one file: "flowengine" is what `flow` itself brings along.
 */
import { builtinNodes, createEngine, defineNode, parseWorkflow, z } from "flowengine";

const shout = defineNode({
  type: "text.shout",
  version: 1,
  summary: "Turn text into upper case",
  category: "text",
  config: { suffix: z.string().default("!").describe("What to put at the end") },
  inputs: { text: z.string() },
  outputs: { text: z.string() },
  run: ({ config, inputs }) => ({ text: inputs.text.toUpperCase() + config.suffix }),
});

const count = defineNode({
  type: "text.count",
  version: 1,
  summary: "Count the words and find the longest",
  category: "text",
  config: {},
  inputs: { text: z.string() },
  outputs: { words: z.int(), longest: z.string() },
  run({ inputs, progress }) {
    const words = inputs.text.match(/\w+/g) ?? [];
    progress(50, "counted");
    const longest = words.reduce((best, word) => word.length > best.length ? word : best, "");
    return { words: words.length, longest };
  },
});

export const nodes = [shout, count];

export const workflow = {
  id: "custom-node",
  name: "Custom nodes",
  nodes: [
    { id: "quote", node_type: "shell.exec", config: { command: "echo", args: ["To be, or not to be"] } },
    { id: "shout", node_type: "text.shout" },
    { id: "count", node_type: "text.count" },
  ],
  connections: [
    { from_node: "quote", from_port: "stdout", to_node: "shout", to_port: "text" },
    { from_node: "quote", from_port: "stdout", to_node: "count", to_port: "text" },
  ],
};

async function main(): Promise<void> {
  const engine = createEngine({ nodes: [...builtinNodes(), ...nodes] });
  const execution = await engine.start(await parseWorkflow(workflow, { registry: engine.registry }));
  for await (const event of execution.events()) {
    if (event.type === "NodeEvent" && event.event.event_type === "Progress") {
      console.log(`${event.node_id}: ${event.event.percent} %`);
    }
  }
  const { outputs } = await execution.result;
  console.log(`${outputs["count"]?.["words"]} words, the longest is "${outputs["count"]?.["longest"]}"`);
  await engine.close();
}

if (import.meta.main) await main();
