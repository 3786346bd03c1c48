import assert from "node:assert/strict";
import { testRegistry as registry } from "./document_fixture.ts";
import { encodeDocument } from "./encode_document.ts";
import { formatPath, type Issue, WorkflowError } from "./issue.ts";
import { checkDocument, type ParseOptions, parseWorkflow } from "./parse.ts";

/** `line:column code message`, one per issue. */
async function issuesOf(source: unknown, options: ParseOptions = {}): Promise<string[]> {
  const { issues } = await checkDocument(source, { registry, ...options });
  return issues.map((issue) => `${issue.line}:${issue.column} ${issue.code} ${issue.message}`);
}

async function onlyIssue(source: unknown, options: ParseOptions = {}): Promise<Issue> {
  const { issues } = await checkDocument(source, { registry, ...options });
  assert.equal(issues.length, 1, JSON.stringify(issues));
  return issues[0] as Issue;
}

const FLOWENGINE_DOCUMENT = `{
  "id": "a1b2c3d4-e5f6-4890-abcd-ef1234567004",
  "name": "Shell",
  "description": null,
  "nodes": [
    {
      "id": "a1b2c3d4-e5f6-4890-abcd-ef1234567401", "node_type": "shell.exec", "name": null, "position": null,
      "config": {
        "command": {"type": "String", "value": "/bin/sh"},
        "args": {"type": "Array", "value": [{"type": "String", "value": "-c"}, "true"]},
        "env": {"type": "Object", "value": {"A": {"type": "String", "value": "b"}}},
        "stdin": {"type": "Json", "value": {"type": "String", "value": "raw"}},
        "timeout": {"type": "Number", "value": 10.0}
      },
      "retry_policy": {"max_attempts": 5, "delay_ms": 1, "backoff_multiplier": 2.0, "max_delay_ms": null, "retry_on_timeout": false}
    },
    {"id": "b", "node_type": "debug.log", "config": {}, "position": {"x": 1.5, "y": -2}, "retry_policy": null}
  ],
  "connections": [
    {"from_node": "a1b2c3d4-e5f6-4890-abcd-ef1234567401", "from_port": "stdout", "to_node": "b", "to_port": "message"}
  ],
  "triggers": [{"id": "t", "trigger_type": {"type": "Manual"}, "enabled": true}],
  "settings": {"max_execution_time_ms": null, "max_parallel_nodes": 5, "on_error": "StopWorkflow"}
}`;

Deno.test("parseWorkflow() reads a document written for flowengine unmodified", async () => {
  const workflow = await parseWorkflow(FLOWENGINE_DOCUMENT, { registry });
  assert.deepEqual(workflow, {
    id: "a1b2c3d4-e5f6-4890-abcd-ef1234567004",
    name: "Shell",
    nodes: [
      {
        id: "a1b2c3d4-e5f6-4890-abcd-ef1234567401",
        node_type: "shell.exec",
        config: {
          command: "/bin/sh",
          args: ["-c", "true"],
          env: { A: "b" },
          stdin: { type: "String", value: "raw" },
          timeout: 10,
        },
        retry_policy: {
          max_attempts: 5,
          delay_ms: 1,
          backoff_multiplier: 2,
          max_delay_ms: null,
          retry_on_timeout: false,
          jitter: 0,
        },
      },
      { id: "b", node_type: "debug.log", config: {}, position: { x: 1.5, y: -2 } },
    ],
    connections: [{
      from_node: "a1b2c3d4-e5f6-4890-abcd-ef1234567401",
      from_port: "stdout",
      to_node: "b",
      to_port: "message",
    }],
    triggers: [{ id: "t", trigger_type: { type: "Manual" }, enabled: true }],
    settings: { max_execution_time_ms: null, max_parallel_nodes: 5, on_error: "StopWorkflow" },
  });
});

Deno.test("parseWorkflow() reads JSON, JSON with comments, YAML, bytes and data alike", async () => {
  const json = '{"id": "w", "nodes": [{"id": "a", "node_type": "shell.exec", "config": {"command": "x"}}]}';
  const sources: [unknown, ParseOptions][] = [
    [json, {}],
    ["\ufeff" + json, { filename: "a.json" }],
    [`// why\n${json.replace("]}", "], /* and */ }")}`, { filename: "a.jsonc" }],
    [json, { filename: "a.yaml" }],
    ["id: w\nnodes:\n  - {id: a, node_type: shell.exec, config: {command: x}}\n", {}],
    ["{id: w, nodes: [{id: a, node_type: shell.exec, config: {command: x}}]}", { filename: "w.yml" }],
    ["x-c: &c {command: x}\nid: w\nnodes:\n- <<: {node_type: shell.exec}\n  id: a\n  config: *c\n", { format: "yaml" }],
    [new TextEncoder().encode(json), {}],
    [JSON.parse(json), {}],
  ];
  const expected = await parseWorkflow(json, { registry });
  assert.deepEqual(expected.nodes, [{ id: "a", node_type: "shell.exec", config: { command: "x" } }]);
  for (const [source, options] of sources) {
    assert.deepEqual(await parseWorkflow(source, { registry, ...options }), expected);
  }
});

Deno.test("parseWorkflow() fills in defaults", async () => {
  const { id, ...workflow } = await parseWorkflow({ nodes: [{ id: "a", node_type: "debug.log", retry_policy: {} }] });
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(workflow, {
    name: id,
    nodes: [{
      id: "a",
      node_type: "debug.log",
      config: {},
      retry_policy: {
        max_attempts: 3,
        delay_ms: 1000,
        backoff_multiplier: 2,
        max_delay_ms: 60_000,
        retry_on_timeout: true,
        jitter: 0,
      },
    }],
    connections: [],
    triggers: [],
    settings: { max_parallel_nodes: 10, on_error: "StopWorkflow", max_execution_time_ms: null },
  });
});

Deno.test("encodeDocument() is undone by parseWorkflow(), whatever values look like", async () => {
  const workflow = await parseWorkflow(FLOWENGINE_DOCUMENT, { registry });
  workflow.nodes.push({
    id: "c",
    node_type: "custom",
    config: {
      bytes: [Uint8Array.of(1, 2)],
      tagged: { type: "Bytes", value: Uint8Array.of(3) },
      dollars: [{ $bytes: "AA==" }, { $$bytes: { $bytes: 1 } }],
      type: "String",
      value: "x",
    },
  });
  const bytes = Uint8Array.of(4, 5);
  const own = { node_type: "custom", config: { bytes }, inputs: { bytes } };
  workflow.nodes.push({ id: "d", ...own, map: { items: [bytes], on_error: "stop" } });
  workflow.settings.on_exit = [{ id: "e", ...own }];
  workflow.inputs = { file: { type: "any", required: false, default: bytes, enum: [bytes] } };
  workflow.outputs = { bytes };
  const text = JSON.stringify(encodeDocument(workflow));
  assert.deepEqual(await parseWorkflow(text), workflow);
});

Deno.test("parseWorkflow() allows $schema and x- keys at every level, and drops them", async () => {
  const extra = { "x-note": [[[]]], $schema: "https://example.com" };
  const node = {
    id: "a",
    node_type: "debug.log",
    ...extra,
    retry_policy: { ...extra },
    position: { x: 1, y: 1, ...extra },
  };
  const workflow = await parseWorkflow({ ...extra, nodes: [node], settings: extra }, { registry });
  assert.equal(JSON.stringify(workflow).includes("x-note"), false);
});

Deno.test("parseWorkflow() throws all problems at once, located, as one error", async () => {
  const text = '{\n "nodes": [{"id": "a", "node_type": "debug.lgo", "confg": {}}],\n "settings": {"on_error": 3}\n}';
  await assert.rejects(parseWorkflow(text, { registry, filename: "w.json" }), (error) => {
    assert.ok(error instanceof WorkflowError);
    assert.equal(error.code, "invalid_workflow");
    assert.equal(error.message, 'w.json:2:37: Node "a" has an unknown type: "debug.lgo" (and 2 more)');
    assert.equal(error.hint, 'Did you mean "debug.log"?');
    assert.deepEqual(error.issues.map((issue) => issue.path.join(".")), [
      "nodes.0.node_type",
      "nodes.0.confg",
      "settings.on_error",
    ]);
    return true;
  });
  await assert.rejects(
    parseWorkflow("{", {}),
    (error) => error instanceof WorkflowError && error.code === "invalid_document",
  );
});

Deno.test("checkDocument() tells each mistake in the document's own words", async () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ id: "" }, 'Node nodes[0]: id is "", expected text that is not empty'],
    [{ id: 7 }, "Node 7: id is 7, expected text"],
    [{ id: "a\u001b" }, 'Node "a\\u001b": id is "a\\u001b", expected text without control characters'],
    [{ id: "a\ud800" }, 'Node "a\\ud800": id is "a\\ud800", expected text without half characters'],
    [{ id: "__proto__" }, 'Node "__proto__": id is "__proto__", expected another name: this one is reserved'],
    [{ timeout_ms: "30s" }, 'Node "a": timeout_ms is "30s", expected a number'],
    [{ timeout_ms: 0 }, 'Node "a": timeout_ms is 0, expected a number of at least 1'],
    [{ timeout_ms: 1.5 }, 'Node "a": timeout_ms is 1.5, expected a whole number'],
    [{ on_interrupt: "rerun" }, 'Node "a": on_interrupt is "rerun", expected one of "retry", "fail"'],
    [{ cache: {} }, 'Node "a" has no cache.ttl_seconds: expected a number'],
    [{ position: { x: 1, y: 1, z: 1 } }, 'Node "a" has an unknown key in position: "z"'],
    [{ retry_policy: 3 }, 'Node "a": retry_policy is 3, expected an object'],
    [
      { retry_policy: { max_attempts: 0 } },
      'Node "a": retry_policy.max_attempts is 0, expected a number of at least 1',
    ],
    [{ retry_policy: { jitter: 1.1 } }, 'Node "a": retry_policy.jitter is 1.1, expected a number of at most 1'],
    [{ retry_policy: { delay_ms: -1 } }, 'Node "a": retry_policy.delay_ms is -1, expected a number of at least 0'],
    [{ retry_policy: { delay: 1 } }, 'Node "a" has an unknown key in retry_policy: "delay"'],
    [{ config: [] }, 'Node "a": config is an empty list, expected an object'],
    [{ config: { level: "debug" } }, 'Node "a" (debug.log): config.level is "debug": there is no such level'],
    [{ config: { lvel: 1 } }, 'Node "a" (debug.log) has an unknown key in config: "lvel"'],
    [
      { config: { level: { type: "String", value: 3 } } },
      'Node "a": config.level.value is 3, but its type "String" stands for text',
    ],
    [{ config: { level: new Date(0) } }, 'Node "a": config.level is an instance of Date, which is no value'],
    [{ node_type: "shell.exec" }, 'Node "a" (shell.exec) has no config.command: expected text'],
    [
      { node_type: "shell.exec", config: { command: "x", args: 3 } },
      'Node "a" (shell.exec): config.args is 3, expected a list or text',
    ],
    [
      { node_type: "shell.exec", config: { command: "x", args: [3] } },
      'Node "a" (shell.exec): config.args[0] is 3, expected text',
    ],
    [{ node_type: "" }, 'Node "a": node_type is "", expected text that is not empty'],
    [{ node_type: "constructor" }, 'Node "a" has an unknown type: "constructor"'],
  ];
  for (const [change, message] of cases) {
    const { message: actual } = await onlyIssue({ nodes: [{ id: "a", node_type: "debug.log", ...change }] });
    assert.equal(actual, message.replace("Node nodes", "nodes"));
  }
});

Deno.test("checkDocument() checks settings, triggers and lists", async () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ nodes: {} }, "Workflow: nodes is an object, expected a list"],
    [{ nodes: undefined }, "Workflow has no nodes: expected a list"],
    [{ nodes: [null] }, "nodes[0] is null, expected an object"],
    [{ connections: [[]] }, "connections[0] is an empty list, expected an object"],
    [{ settings: { max_parallel_nodes: 0 } }, "settings: max_parallel_nodes is 0, expected a number of at least 1"],
    [
      { settings: { on_error: "stop" } },
      'settings: on_error is "stop", expected "StopWorkflow", "ContinueOnError" or {"RetryWorkflow": {"max_attempts": 3}}',
    ],
    [
      { settings: { on_error: { RetryWorkflow: { max_attempts: 0 } } } },
      "settings: on_error.RetryWorkflow.max_attempts is 0, expected a number of at least 1",
    ],
    [{ settings: { max_paralel_nodes: 1 } }, 'settings has an unknown key: "max_paralel_nodes"'],
    [
      { triggers: [{ id: "t", trigger_type: { type: "Cron" } }] },
      'Trigger "t" has no trigger_type.expression: expected text',
    ],
  ];
  for (const [document, message] of cases) {
    assert.equal((await onlyIssue({ nodes: [], ...document })).message, message);
  }
  const workflow = await parseWorkflow({ nodes: [], settings: { on_error: { RetryWorkflow: { max_attempts: 2 } } } });
  assert.deepEqual(workflow.settings.on_error, { RetryWorkflow: { max_attempts: 2 } });
});

Deno.test("checkDocument() points into tagged config, and at the name of an unknown key", async () => {
  const text = `{"nodes": [{"id": "a", "node_type": "shell.exec", "config": {
    "command": {"type": "String", "value": "x"},
    "args": {"type": "Array", "value": [
      {"type": "String", "value": "y"},
      {"type": "Number", "value": 3}
    ]},
    "comand": {}
  }}]}`;
  assert.deepEqual(await issuesOf(text), [
    '5:7 invalid_config Node "a" (shell.exec): config.args[1] is 3, expected text',
    '7:5 unknown_key Node "a" (shell.exec) has an unknown key in config: "comand"',
  ]);
});

Deno.test("checkDocument() points into YAML, through anchors too", async () => {
  const text = [
    "id: w",
    "nodes:",
    "  - id: a",
    "    node_type: shell.exec",
    "    config: {command: x, timeout: -1}",
    "  - id: a",
    "    node_type: debug.log",
    "    retry_policy: &policy",
    "      max_attempts: none",
    "    on_interupt: fail",
  ].join("\n");
  assert.deepEqual(await issuesOf(text, { filename: "w.yaml" }), [
    '5:35 invalid_config Node "a" (shell.exec): config.timeout is -1, expected a number of at least 0',
    '6:9 duplicate_node Node id "a" is taken: nodes[0] has it too',
    '9:21 wrong_type Node "a": retry_policy.max_attempts is "none", expected a number',
    '10:5 unknown_key Node "a" has an unknown key: "on_interupt"',
  ]);
});

Deno.test("checkDocument() warns of a key that is there twice", async () => {
  const { workflow, issues } = await checkDocument('{"id": "a",\n "id": "b", "nodes": []}');
  assert.equal(workflow?.id, "b");
  assert.deepEqual(issues.map(({ severity, code, line, column }) => [severity, code, line, column]), [
    ["warning", "duplicate_key", 2, 2],
  ]);
});

Deno.test("checkDocument() stops counting at a hundred errors, and says how many more there are", async () => {
  const nodes = Array.from({ length: 250 }, (_, index) => ({ id: `n${index}`, node_type: "x" }));
  const { issues } = await checkDocument(JSON.stringify({ nodes }), { registry });
  assert.equal(issues.length, 101);
  assert.equal(issues.at(-1)?.message, "And 150 more errors");
});

Deno.test("parseWorkflow() gives the default name only to what has neither a name nor an id", async () => {
  const nameOf = async (head: object) =>
    (await parseWorkflow({ ...head, nodes: [{ id: "a", node_type: "t" }] }, { defaultName: "file" })).name;
  assert.equal(await nameOf({}), "file");
  assert.equal(await nameOf({ id: "i" }), "i");
  assert.equal(await nameOf({ name: "n" }), "n");
  assert.equal(await nameOf({ name: null }), "file");
});

Deno.test("checkDocument() refuses choices that no input could ever be", async () => {
  const inputs = { n: { type: "integer", enum: [1, "2"] }, day: { type: "string", format: "date", enum: ["soon"] } };
  const { issues } = await checkDocument(JSON.stringify({ inputs, nodes: [{ id: "a", node_type: "test.plain" }] }));
  assert.deepEqual(issues.map(({ message }) => message), [
    'Input "n": enum has "2", expected an integer',
    'Input "day": enum has "soon", expected text in the form of 2026-01-31',
  ]);
  assert.deepEqual(issues[0]?.path, ["inputs", "n", "enum", 1]);
});

Deno.test("checkDocument() refuses items that are text without an expression", async () => {
  for (const items of ["files", "inputs.files", ""]) {
    const nodes = [{ id: "a", node_type: "test.plain", map: { items } }];
    const { issues } = await checkDocument(JSON.stringify({ nodes }, null, 1));
    assert.match(issues[0]?.message ?? "", /map\.items is ".*", expected a list, or an expression that yields one/);
    assert.equal(issues[0]?.line, 7);
  }
});

Deno.test("parseWorkflow() refuses what is no value wherever values stand, with its place", async () => {
  const bad = { type: "Number", value: "x" };
  const node = { id: "a", node_type: "debug.log" };
  const cases: [document: Record<string, unknown>, place: string][] = [
    [{ nodes: [node], outputs: { text: bad } }, "outputs.text"],
    [{ nodes: [{ ...node, map: { items: [1, bad] } }] }, "nodes[0].map.items[1]"],
    [{ nodes: [node], inputs: { go: { default: bad } } }, "inputs.go.default"],
    [{ nodes: [node], inputs: { go: { enum: [bad] } } }, "inputs.go.enum[0]"],
    [
      { nodes: [node], settings: { on_exit: [{ ...node, id: "b", map: { items: [bad] } }] } },
      "on_exit[0].map.items[0]",
    ],
  ];
  for (const [document, place] of cases) {
    await assert.rejects(parseWorkflow(document), (error) => {
      assert.ok(error instanceof WorkflowError);
      assert.ok(formatPath(error.issues[0]?.path ?? []).includes(place), formatPath(error.issues[0]?.path ?? []));
      return true;
    });
  }
});
