import assert from "node:assert/strict";
import { checkInputs } from "./check_inputs.ts";
import { testRegistry as registry } from "./document_fixture.ts";
import { type Issue, WorkflowError } from "./issue.ts";
import { checkDocument, parseWorkflow } from "./parse.ts";
import { prepareWorkflow } from "./prepare.ts";
import { workflowJsonSchema } from "./schema.ts";
import type { Workflow } from "./workflow.ts";

/** A document of `debug.log` nodes; `"a.x>b.y"` is a connection. */
function documentOf(ids: string, edges: string, typeOf: Record<string, string> = {}): Record<string, unknown> {
  const types = new Map(Object.entries(typeOf));
  const nodes = ids.split(" ").map((id) => ({ id, node_type: types.get(id) ?? "debug.log" }));
  const connections = edges.split(" ").filter((edge) => edge !== "").map((edge) => {
    const [from_node, from_port, to_node, to_port] = edge.split(/[.>]/);
    return { from_node, from_port, to_node, to_port };
  });
  return { nodes, connections };
}

async function issuesOf(document: unknown): Promise<readonly Issue[]> {
  return (await checkDocument(document, { registry })).issues;
}

async function messagesOf(document: unknown): Promise<string[]> {
  return (await issuesOf(document)).map((issue) => `${issue.code}: ${issue.message}`);
}

Deno.test("checkDocument() refuses cycles, and says which nodes they keep from running", async () => {
  assert.deepEqual(await messagesOf(documentOf("a b c d", "a.x>b.x b.x>c.x c.x>a.x c.x>d.x")), [
    "cycle: Nodes wait for each other: a -> b -> c -> a",
    'unreachable_node: Node "d" can never run: it waits for a cycle',
  ]);
});

Deno.test("checkDocument() refuses a node that waits for itself", async () => {
  assert.deepEqual(await messagesOf(documentOf("a", "a.x>a.y")), [
    'self_loop: Cannot connect "a.x" to "a.y": a node cannot wait for itself',
  ]);
});

Deno.test("checkDocument() refuses connections to nodes and ports that are not there, with a suggestion", async () => {
  const types = { up: "text.upper" };
  const issues = await issuesOf(
    documentOf("log up end", "logg.x>up.text log.x>up.txt up.lenght>end.y", types),
  );
  assert.deepEqual(issues.map(({ message, hint }) => [message, hint]), [
    ['Cannot connect "logg.x" to "up.text": there is no node "logg"', 'Did you mean "log"?'],
    ['Node "up" has no input "txt": text.upper has "text" and "locale"', 'Did you mean "text"?'],
    ['Node "up" has no output "lenght": text.upper has "text"', 'Use "text" instead.'],
    ['Node "up" gets nothing on "text": text.upper needs it', 'Connect an output to its port "text".'],
  ]);
});

Deno.test("checkDocument() asks for a required input only where others are connected", async () => {
  const types = { up: "text.upper" };
  assert.deepEqual(await messagesOf(documentOf("log up", "log.x>up.locale", types)), [
    'missing_input: Node "up" gets nothing on "text": text.upper needs it',
  ]);
  assert.deepEqual(await messagesOf(documentOf("up", "", types)), []);
});

Deno.test("checkDocument() warns of connections that hide each other", async () => {
  const { workflow, issues } = await checkDocument(documentOf("a b", "a.x>b.y a.x>b.y a.z>b.y"), { registry });
  assert.ok(workflow);
  assert.deepEqual(issues.map(({ severity, code, path }) => [severity, code, path.join(".")]), [
    ["warning", "duplicate_connection", "connections.1"],
    ["warning", "several_connections", "connections.2"],
  ]);
});

Deno.test("checkDocument() goes on where something else is broken, and does not report what follows from that", async () => {
  const document = documentOf("a up c", "a.x>up.text c.x>a.x c.x>up.locale", { up: "text.upper", c: "debug.lg" });
  Object.assign((document.nodes as object[])[1] ?? {}, { timeout_ms: -1, config: { sufix: 1 } });
  Object.assign((document.connections as object[])[0] ?? {}, { to_port: 1 });
  assert.deepEqual((await issuesOf(document)).map(({ code }) => code).sort(), [
    "unknown_key",
    "unknown_node_type",
    "wrong_type",
    "wrong_value",
  ]);
});

Deno.test("nodes may be called constructor, and __proto__ is refused everywhere", async () => {
  const document = documentOf("constructor toString", "constructor.valueOf>toString.hasOwnProperty");
  assert.deepEqual(await messagesOf(document), []);
  for (const edge of ["a.__proto__>b.x", "a.x>b.__proto__"]) {
    assert.equal((await issuesOf(documentOf("a b", edge)))[0]?.code, "wrong_value");
  }
  await parseWorkflow(`{"__proto__": {"polluted": 1}, "nodes": []}`).catch(() => {});
  assert.equal("polluted" in {}, false);
});

Deno.test("prepareWorkflow() answers parsed config and definitions in the order of the nodes", async () => {
  const workflow = await parseWorkflow(documentOf("a b", "a.x>b.text", { b: "text.upper" }));
  const { nodes, graph } = prepareWorkflow(workflow, registry);
  assert.deepEqual(nodes.map(({ spec, definition, config }) => [spec.id, definition.type, config]), [
    ["a", "debug.log", { level: "info" }],
    ["b", "text.upper", { suffix: "!" }],
  ]);
  assert.equal(graph.indexOf("b"), 1);
  const broken: Workflow = { ...workflow, nodes: [{ id: "a", node_type: "nope", config: {} }] };
  assert.throws(
    () => prepareWorkflow(broken, registry),
    (error) => error instanceof WorkflowError && error.issues.length === 2,
  );
});

Deno.test("prepareWorkflow() takes 100,000 nodes in a chain", () => {
  const count = 100_000;
  const nodes = Array.from({ length: count }, (_, index) => ({ id: `${index}`, node_type: "debug.log", config: {} }));
  const connections = nodes.slice(1).map(({ id }, index) => ({
    from_node: `${index}`,
    from_port: "x",
    to_node: id,
    to_port: "x",
  }));
  const settings = { max_parallel_nodes: 10, on_error: "StopWorkflow" as const, max_execution_time_ms: null };
  const workflow: Workflow = { id: "w", name: "w", nodes, connections, triggers: [], settings };
  assert.equal(prepareWorkflow(workflow, registry).graph.order.length, count);
  connections.push({ from_node: `${count - 1}`, from_port: "x", to_node: "0", to_port: "x" });
  assert.throws(() => prepareWorkflow(workflow, registry), /0 -> 1 -> 2 .* more\) -> .* -> 99999 -> 0$/);
});

Deno.test("checkInputs() knows what the first nodes need", async () => {
  const workflow = await parseWorkflow(
    documentOf("up1 up2 log", "up1.text>log.x", { up1: "text.upper", up2: "text.upper" }),
  );
  const check = (inputs: Record<string, string | number>) =>
    checkInputs(workflow, registry, inputs).map(({ severity, message, hint }) => [severity, message, hint]);
  assert.deepEqual(check({ text: "x" }), []);
  assert.deepEqual(check({ txet: "x" }), [
    [
      "error",
      'Node "up1" (and 1 more) cannot start: text.upper needs the input "text"',
      "Pass it, for example with --set text=...",
    ],
    ["warning", 'Input "txet" is not used: no node without connections has such a port', 'Did you mean "text"?'],
  ]);
  assert.deepEqual(check({ text: 3 }), [["error", 'Input "text" of text.upper is 3, expected text', undefined]]);
});

Deno.test("workflowJsonSchema() knows that handlers are nodes, and what map and repeat take", () => {
  const { $defs } = workflowJsonSchema(registry) as { $defs: Record<string, { properties: Record<string, unknown> }> };
  for (const handler of ["on_success", "on_failure", "on_exit"]) {
    const { items } = $defs.settings?.properties[handler] as { items: unknown };
    assert.deepEqual(items, { $ref: "#/$defs/node" });
  }
  const { map, repeat } = $defs.node?.properties as Record<"map" | "repeat", { anyOf: [{ required: string[] }] }>;
  assert.deepEqual([map.anyOf[0].required, repeat.anyOf[0].required], [["items"], ["until"]]);
});

Deno.test("workflowJsonSchema() has a rule per node type, and lets config values be tagged", () => {
  const schema = workflowJsonSchema(registry);
  const defs = schema.$defs as Record<string, Record<string, unknown>>;
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal((defs.node?.allOf as unknown[]).length, 3);
  const { properties, required, additionalProperties } = defs["config.shell.exec"] as Record<
    string,
    Record<string, unknown>
  >;
  const orElse = [{ $ref: "#/$defs/tagged" }, { $ref: "#/$defs/expression" }];
  assert.deepEqual(properties?.command, { anyOf: [{ type: "string" }, ...orElse] });
  const { pattern } = defs.expression as { pattern: string };
  assert.ok(new RegExp(pattern).test("python:${{ inputs.tag }}") && !new RegExp(pattern).test("30 {{ seconds }}"));
  assert.deepEqual([required, additionalProperties], [["command"], false]);
  const refs = JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g);
  for (const [, name = ""] of refs) assert.ok(Object.hasOwn(defs, name), name);
});
