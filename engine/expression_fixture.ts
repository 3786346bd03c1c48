import type { KnownNames } from "./expression_check.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import type { Values } from "./value.ts";

/** A scope with something of everything; for tests. */
export function createScope(changes: Partial<ExpressionScope> = {}): ExpressionScope {
  const nodes = new Map<string, Values>([
    ["fetch", { status: 200, body: { items: [{ id: 1, name: "one" }, { id: 2, name: "two" }], next: null } }],
    ["a-b", { out: 3, raw: new Uint8Array([1, 2, 3]) }],
  ]);
  return {
    inputs: { url: "https://example.com", count: 2, flag: true, list: [{ x: 1 }, { x: 2 }], none: [], one: [5] },
    nodes,
    env: { HOME: "/home/flow" },
    secrets: { KEY: "s3cret" },
    execution: { id: "e1" },
    workflow: { id: "w1" },
    item: { id: 7 },
    index: 4,
    attempt: 1,
    ...changes,
  };
}

/** The names in {@link createScope}; for tests. */
export const KNOWN: KnownNames = {
  inputs: ["url", "count", "flag", "list", "none", "one"],
  nodes: new Map([["fetch", { outputs: ["status", "body"] }], ["a-b", { outputs: ["out", "raw"] }]]),
  env: ["HOME"],
  secrets: ["KEY"],
  hasItem: false,
};
