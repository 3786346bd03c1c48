import assert from "node:assert/strict";
import { anyPorts, defineNode } from "./node.ts";
import { NodeRegistry } from "./registry.ts";

function define(type: string) {
  const about = { version: 1, summary: "Test", category: "test", config: {} };
  return defineNode({ type, ...about, inputs: anyPorts(), outputs: anyPorts(), run: () => ({}) });
}

Deno.test("NodeRegistry refuses a node type that it has already, and keeps the first", () => {
  const first = define("my.node");
  const registry = new NodeRegistry([first]);
  assert.throws(() => registry.register(define("my.node")), {
    code: "conflict",
    message: 'Cannot register node type "my.node": it is registered already',
  });
  assert.throws(() => new NodeRegistry([define("a.b"), define("a.b")]), { code: "conflict" });
  assert.equal(registry.get("my.node"), first);
});

Deno.test("NodeRegistry lists node types sorted, however they came in", () => {
  const registry = new NodeRegistry([define("b.two"), define("a.one")]).register(define("a.another"));
  assert.deepEqual(registry.types(), ["a.another", "a.one", "b.two"]);
  assert.deepEqual(registry.list().map(({ type }) => type), registry.types());
});

Deno.test("NodeRegistry knows nothing but what was registered", () => {
  const registry = new NodeRegistry();
  for (const name of ["constructor", "__proto__", "toString", ""]) assert.equal(registry.get(name), undefined);
  assert.deepEqual(registry.list(), []);
  assert.equal(new NodeRegistry([define("__proto__")]).get("__proto__")?.type, "__proto__");
});
