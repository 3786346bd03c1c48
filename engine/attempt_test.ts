import assert from "node:assert/strict";
import * as z from "zod";
import { createEngine } from "./engine.ts";
import type { ExecutionEvent } from "./events.ts";
import { anyPorts, defineNode, type NodeContext, type NodeDefinition } from "./node.ts";
import { parseWorkflow } from "./parse.ts";
import type { Value, Values } from "./value.ts";

const config = { words: z.unknown().optional() };

type Run = (context: NodeContext<{ words?: unknown }>) => Values | Promise<Values>;

function node(type: string, run: Run): NodeDefinition {
  const ports = { inputs: anyPorts(), outputs: anyPorts() };
  return defineNode({ type, version: 1, summary: "Test", category: "test", config, ...ports, run });
}

async function runToEnd(nodes: NodeDefinition[], document: Record<string, unknown>, inputs: Values = {}) {
  const engine = createEngine({ nodes });
  const workflow = await parseWorkflow(document, { registry: engine.registry });
  const execution = await engine.start(workflow, { inputs });
  const events: ExecutionEvent[] = [];
  for await (const event of execution.events()) events.push(event);
  const result = await execution.result;
  await engine.close();
  return { result, events, workflow };
}

const retry_policy = { max_attempts: 2, delay_ms: 0 };

function spoil(value: unknown): void {
  const { list, bytes } = value as { list: Value[]; bytes: Uint8Array };
  list.push("spoilt");
  bytes[0] = 99;
}

Deno.test("a node that changes its inputs changes them for nobody else, nor for its next attempt", async () => {
  const fresh = () => ({ list: [1], bytes: new Uint8Array([1]) });
  const source = node("test.source", () => ({ out: fresh() }));
  const vandal = node("test.vandal", ({ inputs, attempt }) => {
    const seen = structuredClone(inputs);
    spoil(inputs["in"]);
    inputs["extra"] = "spoilt";
    if (attempt === 1) throw new Error("once more");
    return { seen };
  });
  const connect = (to_node: string) => ({ from_node: "source", from_port: "out", to_node, to_port: "in" });
  const { result, events } = await runToEnd([source, vandal], {
    nodes: [
      { id: "source", node_type: "test.source" },
      { id: "first", node_type: "test.vandal", retry_policy },
      { id: "second", node_type: "test.vandal", retry_policy },
    ],
    connections: [connect("first"), connect("second")],
  });
  assert.deepEqual(result.outputs, { first: { seen: { in: fresh() } }, second: { seen: { in: fresh() } } });
  const completed = events.find((event) => event.type === "NodeCompleted" && event.node_id === "source");
  assert.deepEqual(completed?.type === "NodeCompleted" && completed.outputs, { out: fresh() });
});

Deno.test("a node that changes its config or its inputs leaves the workflow and the caller's objects alone", async () => {
  const vandal = node("test.vandal", ({ config, inputs, attempt }) => {
    const seen = structuredClone(config.words) as Value;
    (config.words as string[]).push("spoilt");
    spoil(inputs["in"]);
    if (attempt === 1) throw new Error("once more");
    return { seen };
  });
  const document = { nodes: [{ id: "a", node_type: "test.vandal", config: { words: ["fine"] }, retry_policy }] };
  const inputs = { in: { list: [1], bytes: new Uint8Array([1]) } };
  const { result, workflow } = await runToEnd([vandal], document, inputs);
  assert.deepEqual(result.outputs, { a: { seen: ["fine"] } });
  assert.deepEqual(workflow.nodes[0]?.config, { words: ["fine"] });
  assert.deepEqual(inputs, { in: { list: [1], bytes: new Uint8Array([1]) } });
});

Deno.test("what a node does to its outputs after it has ended reaches nobody", async () => {
  const list = [1];
  const keeper = node("test.keeper", () => ({ list }));
  const reader = node("test.reader", ({ inputs }) => {
    list.push(2);
    return { seen: inputs["list"] ?? null };
  });
  const { result } = await runToEnd([keeper, reader], {
    nodes: [{ id: "keeper", node_type: "test.keeper" }, { id: "reader", node_type: "test.reader" }],
    connections: [{ from_node: "keeper", from_port: "list", to_node: "reader", to_port: "list" }],
  });
  assert.deepEqual(result.outputs, { reader: { seen: [1] } });
});

Deno.test("whatever a node throws is a failure of the node, and is tried again", async () => {
  for (const thrown of [new Error("busy"), "busy", new TypeError("busy")]) {
    const flaky = node("test.flaky", ({ attempt }) => {
      if (attempt === 1) throw thrown;
      return {};
    });
    const { result, events } = await runToEnd([flaky], { nodes: [{ id: "a", node_type: "test.flaky", retry_policy }] });
    assert.equal(result.status, "succeeded");
    const retrying = events.find((event) => event.type === "NodeRetrying");
    assert.deepEqual(retrying?.error, { code: "node_failed", message: "busy" });
  }
});
