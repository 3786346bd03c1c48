import assert from "node:assert/strict";
import { testRegistry as registry } from "./document_fixture.ts";
import { checkDocument } from "./parse.ts";

/**
 * The same mistake in JSON and in YAML; § stands before the token that is to blame. JSON with comments is made of the
 * JSON text.
 */
interface Mistake {
  code: string;
  json: string;
  yaml: string;
}

const mistakes: Record<string, Mistake> = {
  "an unknown key": {
    code: "unknown_key",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log", §"tmeout_ms": 1 }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: debug.log\n    §tmeout_ms: 1\n`,
  },
  "an unknown key of the document": {
    code: "unknown_key",
    json: `{\n  "nodes": [],\n  §"setings": {}\n}`,
    yaml: `nodes: []\n§setings: {}\n`,
  },
  "an unknown key in a config": {
    code: "unknown_key",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log", "config": { §"levle": "info" } }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: debug.log\n    config: { §levle: info }\n`,
  },
  "a wrong type": {
    code: "wrong_type",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log", "timeout_ms": §"soon" }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: debug.log\n    timeout_ms: §soon\n`,
  },
  "a wrong value": {
    code: "wrong_value",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log", "run_if": §"sometimes" }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: debug.log\n    run_if: §sometimes\n`,
  },
  "a list that is none": { code: "wrong_type", json: `{ "nodes": §{} }`, yaml: `nodes: §{}\n` },
  "a document that is a list": { code: "wrong_type", json: `§[1]`, yaml: `§- 1\n` },
  "a missing key": {
    code: "missing_key",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log" }, §{ "node_type": "debug.log" }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: debug.log\n  - §node_type: debug.log\n`,
  },
  "an unknown node type": {
    code: "unknown_node_type",
    json: `{ "nodes": [{ "id": "a", "node_type": §"debug.lgo" }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: §debug.lgo\n`,
  },
  "a config value that does not fit": {
    code: "invalid_config",
    json: `{ "nodes": [{ "id": "a", "node_type": "shell.exec", "config": { "command": "x", "timeout": §"1" } }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: shell.exec\n    config:\n      command: x\n      timeout: §"1"\n`,
  },
  "a tag that does not fit its value": {
    code: "invalid_config",
    json:
      `{ "nodes": [{ "id": "a", "node_type": "shell.exec", "config": { "command": { "type": "String", "value": §1 } } }] }`,
    yaml:
      `nodes:\n  - id: a\n    node_type: shell.exec\n    config:\n      command:\n        type: String\n        value: §1\n`,
  },
  "an id that is there twice": {
    code: "duplicate_node",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log" }, { "id": §"a", "node_type": "debug.log" }] }`,
    yaml: `nodes:\n  - { id: a, node_type: debug.log }\n  - { id: §a, node_type: debug.log }\n`,
  },
  "a connection to nowhere": {
    code: "unknown_node",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log" }],
      "connections": [{ "from_node": "a", "from_port": "x", "to_node": §"b", "to_port": "y" }] }`,
    yaml:
      `nodes:\n  - { id: a, node_type: debug.log }\nconnections:\n  - from_node: a\n    from_port: x\n    to_node: §b\n    to_port: y\n`,
  },
  "a port that is not there": {
    code: "unknown_port",
    json:
      `{ "nodes": [{ "id": "a", "node_type": "shell.exec", "config": { "command": "x" } }, { "id": "b", "node_type": "debug.log" }],
      "connections": [{ "from_node": "a", "from_port": §"stdotu", "to_node": "b", "to_port": "y" }] }`,
    yaml:
      `nodes:\n  - { id: a, node_type: shell.exec, config: { command: x } }\n  - { id: b, node_type: debug.log }\nconnections:\n  - { from_node: a, from_port: §stdotu, to_node: b, to_port: y }\n`,
  },
  "an expression that cannot be read": {
    code: "invalid_expression",
    json: `{ "nodes": [{ "id": "a", "node_type": "shell.exec", "config": { "command": §"\${{ 1 + }}" } }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: shell.exec\n    config:\n      command: §\${{ 1 + }}\n`,
  },
  "an expression with an unknown name": {
    code: "unknown_node",
    json:
      `{ "nodes": [{ "id": "a", "node_type": "shell.exec", "config": { "command": "x", "args": ["y", §"\${{ nodes.b.x }}"] } }] }`,
    yaml:
      `nodes:\n  - id: a\n    node_type: shell.exec\n    config:\n      command: x\n      args:\n        - y\n        - §\${{ nodes.b.x }}\n`,
  },
  "a condition with an unknown name": {
    code: "unknown_input",
    json: `{ "inputs": {}, "nodes": [{ "id": "a", "node_type": "debug.log", "when": §"inputs.x" }] }`,
    yaml: `inputs: {}\nnodes:\n  - id: a\n    node_type: debug.log\n    when: §inputs.x\n`,
  },
  "a default that does not fit": {
    code: "invalid_default",
    json: `{ "inputs": { "n": { "type": "integer", "default": §"1" } }, "nodes": [] }`,
    yaml: `inputs:\n  n:\n    type: integer\n    default: §"1"\nnodes: []\n`,
  },
  "a setting that does not fit": {
    code: "wrong_value",
    json: `{ "nodes": [], "settings": { "max_parallel_nodes": §0 } }`,
    yaml: `nodes: []\nsettings:\n  max_parallel_nodes: §0\n`,
  },
  "a cycle": {
    code: "self_loop",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log" }],
      "connections": [§{ "from_node": "a", "from_port": "x", "to_node": "a", "to_port": "y" }] }`,
    yaml:
      `nodes:\n  - id: a\n    node_type: debug.log\nconnections:\n  - §from_node: a\n    from_port: x\n    to_node: a\n    to_port: y\n`,
  },
  "a key that is there twice": {
    code: "duplicate_key",
    json: `{ "nodes": [{ "id": "a", "node_type": "debug.log", "config": { "level": "info", §"level": "warning" } }] }`,
    yaml: `nodes:\n  - id: a\n    node_type: debug.log\n    config:\n      level: info\n      §level: warning\n`,
  },
  "too many levels": {
    code: "too_deep",
    json: `${"[".repeat(100)}§[1], [2${"]".repeat(101)}`,
    yaml: `${"[".repeat(100)}§[1], [2${"]".repeat(101)}\n`,
  },
};

for (const [name, { code, json, yaml }] of Object.entries(mistakes)) {
  Deno.test(`checkDocument() finds ${name} at the same token in JSON, JSON with comments, and YAML`, async () => {
    await check("JSON", json, "json", code);
    await check("JSONC", withComments(json), "json", code);
    await check("YAML", yaml, "yaml", code);
    // JSON is YAML, too.
    if (code !== "duplicate_key") await check("JSON as YAML", json, "yaml", code);
    await check("YAML with comments", `# one\n\n${yaml}# two\n`, "yaml", code);
  });
}

async function check(about: string, marked: string, format: "json" | "yaml", code: string): Promise<void> {
  const before = marked.slice(0, marked.indexOf("§"));
  const expected = { code, line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
  const { issues } = await checkDocument(marked.replace("§", ""), { registry, format });
  const found = issues.map(({ code, line, column }) => ({ code, line, column }));
  assert.deepEqual(found[0], expected, `${about}: ${JSON.stringify(issues)}\n${marked}`);
}

/** With comments and trailing commas in between. */
function withComments(json: string): string {
  return `// one\n/* two */ ${json.replace(/^([{[])/, "$1 // three\n  ").replace(/ \}$/, ", }")}\n// four`;
}
