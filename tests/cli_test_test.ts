import assert from "node:assert/strict";
import * as z from "zod";
import { expectationSchema, nodeExpectationSchema, testFileSchema } from "../cli/testing/test_schema.ts";
import { runFlow, withFiles } from "./support/cli.ts";

/** A workflow with retries, a timeout, a wait of an hour, an environment variable and a secret. */
const workflow = {
  id: "w",
  settings: { env: ["REGION"] },
  inputs: { name: { type: "string", default: "Ann" } },
  nodes: [
    {
      id: "fetch",
      node_type: "http.request",
      config: {
        url: "https://example.com/${{ env.REGION }}",
        headers: { authorization: "Bearer ${{ secrets.TOKEN }}" },
      },
      retry_policy: { max_attempts: 3, delay_ms: 60_000, jitter: 0.5 },
      timeout_ms: 30_000,
    },
    { id: "wait", node_type: "time.delay", config: { delay_ms: 3_600_000 } },
    { id: "greet", node_type: "shell.exec", config: { command: "echo", args: ["Hello ${{ inputs.name }}"] } },
    { id: "log", node_type: "debug.log" },
  ],
  connections: [
    { from_node: "fetch", from_port: "body", to_node: "wait", to_port: "body" },
    { from_node: "greet", from_port: "stdout", to_node: "log", to_port: "message" },
  ],
};

const setup = {
  workflow: "w.json",
  env: { REGION: "eu" },
  secrets: { TOKEN: "s3cret-token" },
  real_types: ["time.delay", "debug.log"],
  mocks: { greet: { outputs: { stdout: "hi" } } },
};

function failingTwice() {
  return {
    attempts: [{ error: { code: "http_status", details: { status: 503 } } }, { delay_ms: 40_000 }, {
      outputs: { body: 1 },
    }],
  };
}

Deno.test("flow test: retries, timeouts and waits of an hour pass at once, and nodes get what they would get", async () => {
  const tests = [{
    name: "it retries",
    mocks: { fetch: failingTwice() },
    expect: {
      nodes: {
        fetch: {
          attempts: 3,
          delays_ms: [60_000, 60_000],
          outputs: { body: 1 },
          config_contain: {
            url: "https://example.com/eu",
            method: "GET",
            headers: { authorization: "Bearer s3cret-token" },
          },
        },
        wait: { inputs: { body: 1 }, outputs: { body: 1 }, config: { delay_ms: 3_600_000 } },
        greet: { config_contain: { args: ["Hello Ann"] } },
        log: { inputs: { message: "hi" }, log: ["hi"] },
      },
      events: [
        "NodeRetrying fetch",
        "NodeRetrying fetch",
        "NodeCompleted fetch",
        "NodeStarted wait",
        "WorkflowCompleted",
      ],
      duration_ms: 60_000 + 30_000 + 60_000 + 3_600_000,
    },
  }];
  await withFiles({ "w.json": workflow, "w.test.json": { ...setup, tests } }, async (path) => {
    const { code, stdout } = await runFlow(["test", path("w.test.json")]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /✓ it retries \(\d+ms\)\n1 passed\n$/);
  });
});

Deno.test("flow test shows expected and actual at the line of the assertion, and ends with 3", async () => {
  const text = `workflow: w.json
env: { REGION: eu }
secrets: { TOKEN: s3cret-token }
unmocked: real
mocks:
  fetch: { outputs: { body: { a: 1, b: [1, 2] } } }
tests:
  - name: wrong
    inputs: { name: Bob }
    expect:
      outputs_contain:
        wait:
          body: { a: 2 }
      nodes:
        log: { status: skipped }
  - name: right
    expect:
      outputs_contain: { log: { message: { $match: "^Hello" } } }
`;
  await withFiles({ "w.json": workflow, "w.test.yaml": text }, async (path) => {
    const { code, stdout } = await runFlow(["test", "w.test.yaml"], { cwd: path("") });
    assert.equal(code, 3);
    const lines = stdout.replaceAll(/\(\d+ms\)/g, "").split("\n").map((line) => line.trimEnd());
    assert.deepEqual(lines, [
      "w.test.yaml",
      "  ✗ wrong",
      "      w.test.yaml:13:22: outputs_contain.wait.body.a",
      "        expected: 2",
      "          actual: 1",
      '      w.test.yaml:15:24: Node "log" is succeeded',
      '        expected: "skipped"',
      '          actual: "succeeded"',
      "  ✓ right",
      "1 passed, 1 failed",
      "",
    ]);
    const filtered = await runFlow(["test", "--filter", "/^ri/"], { cwd: path("") });
    assert.deepEqual([filtered.code, /1 passed, 1 filtered out/.test(filtered.stdout)], [0, true], filtered.stdout);
    const none = await runFlow(["test", "--filter", "nothing"], { cwd: path("") });
    assert.deepEqual([none.code, /none of the 2 tests is called like nothing/.test(none.stderr)], [2, true]);
    const { passed, failed, files } = JSON.parse((await runFlow(["test", "--json"], { cwd: path("") })).stdout);
    assert.deepEqual([passed, failed], [1, 1]);
    const [problem] = files[0].tests[0].problems;
    assert.deepEqual([problem.file, problem.line, problem.column, problem.expected, problem.actual], [
      "w.test.yaml",
      13,
      22,
      2,
      1,
    ]);
  });
});

Deno.test("flow test --reporter junit writes XML that CI servers read, whatever is in the names", async () => {
  const tests = [
    { name: 'a <b> & "c"', mocks: { fetch: { outputs: { body: 1 } } }, expect: { outputs: { "\u0001]]>": 1 } } },
    { name: "fine", mocks: { fetch: { outputs: { body: 1 } } } },
  ];
  await withFiles({ "w.json": workflow, "w.test.json": { ...setup, tests }, "x.test.json": "{" }, async (path) => {
    const { code, stdout } = await runFlow(["test", ".", "--reporter", "junit"], { cwd: path("") });
    assert.equal(code, 2);
    assert.match(
      stdout,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="flow test" tests="3" failures="1" errors="1" /,
    );
    assert.match(
      stdout,
      /<testcase name="a &lt;b&gt; &amp; &quot;c&quot;" classname="w\.test\.json" file="w\.test\.json" line="1" time="/,
    );
    assert.match(stdout, /<testcase name="fine"[^>]*\/>/);
    assert.match(stdout, /<error message="x\.test\.json:1:2: Cannot read the JSON/);
    // deno-lint-ignore no-control-regex -- XML has no place for them
    assert.doesNotMatch(stdout, /[\u0000-\u0008]/);
    assert.deepEqual(openTags(stdout), []);
  });
});

Deno.test("flow test finds every mistake in a test file, with its place and what was probably meant", async () => {
  const text = `workflow: w.json
mocks:
  fetch: { outputs: { bdy: 1 }, error: {} }
  grete: {}
real_types: [time.dealy]
tests:
  - nmae: x
    name: y
    expect:
      status: failed
      nodes:
        log: { because: conditon, atempts: 1 }
      events: [NodeStartd log, NodeStarted lgo]
      outputs: { a: { $match: "(" } }
`;
  await withFiles({ "w.json": workflow, "w.test.yaml": text }, async (path) => {
    for (const command of ["test", "validate"]) {
      const { code, stdout } = await runFlow([command, path("w.test.yaml")]);
      assert.equal(code, 2);
      const found = [...stdout.matchAll(/w\.test\.yaml:(\d+:\d+): error: (.*)\n {2}(.*)/g)].map((
        [, place, , hint],
      ) => [place, hint]);
      assert.deepEqual(found, [
        ["3:10", "Keep one of them, or list them under attempts."],
        ["3:23", 'Did you mean "body"?'],
        ["4:3", 'Did you mean "greet"?'],
        ["5:14", 'Did you mean "time.delay"?'],
        ["7:5", 'Did you mean "name"?'],
        ["12:25", 'Did you mean "condition"?'],
        ["12:35", 'Did you mean "attempts"?'],
        ["13:16", 'Did you mean "NodeStarted"?'],
        ["13:32", 'Did you mean "log"?'],
        ["14:31", "Escape signs with \\."],
      ], stdout);
    }
  });
});

Deno.test("flow test fails when a node without a mock comes to run, unless it may really run", async () => {
  const tests = [{ name: "one" }];
  const files = {
    "w.json": workflow,
    "w.test.json": { ...setup, tests, real_types: ["debug.log"], mocks: { fetch: {} } },
  };
  await withFiles(files, async (path) => {
    const { code, stdout } = await runFlow(["test", path("w.test.json")]);
    assert.equal(code, 3);
    assert.match(stdout, /Node "greet" came to run, and has no mock\n.*real: \[greet\]/);
  });
});

Deno.test({
  name: "flow test: what really runs is timed out in real time, and a test that hangs is ended with all it has started",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const sleeper = (timeout_ms?: number) => ({
      nodes: [{
        id: "a",
        node_type: "shell.exec",
        config: { command: "sleep", args: ["600"] },
        ...(timeout_ms ? { timeout_ms } : {}),
      }],
    });
    const file = (timeout_ms?: number) => ({
      workflow: sleeper(timeout_ms),
      unmocked: "real",
      timeout_ms: 1000,
      tests: [{ name: "x", expect: { status: "failed", nodes: { a: { error: { code: "timeout" } } } } }],
    });
    await withFiles({ "a.test.json": file(200), "b.test.json": file() }, async (path) => {
      const timed = await runFlow(["test", path("a.test.json")]);
      assert.equal(timed.code, 0, timed.stdout);
      const hung = await runFlow(["test", path("b.test.json")]);
      assert.equal(hung.code, 3);
      assert.match(hung.stdout, /It took longer than 1000 ms/);
    });
  },
});

Deno.test("flow test --coverage says which nodes never ran, and which ways were never taken", async () => {
  const branching = {
    nodes: [
      { id: "choose", node_type: "control.if", config: { condition: "${{ inputs.yes }}" } },
      { id: "a", node_type: "debug.log" },
      { id: "b", node_type: "debug.log" },
    ],
    connections: [
      { from_node: "choose", from_port: "then", to_node: "a", to_port: "message" },
      { from_node: "choose", from_port: "else", to_node: "b", to_port: "message" },
    ],
  };
  const file = { workflow: "w.json", unmocked: "real", tests: [{ name: "yes", inputs: { yes: true } }] };
  await withFiles({ "w.json": branching, "w.test.json": file }, async (path) => {
    const { stdout } = await runFlow(["test", "--coverage"], { cwd: path("") });
    assert.match(
      stdout,
      /coverage of w\.json: 2 of 3 nodes ran\n {2}never ran: {3}b\n {2}never taken: choose\.else\n1 passed/,
    );
  });
});

Deno.test("flow test tests code: node types of a module and a workflow in TypeScript", async () => {
  const file = {
    workflow: new URL("../examples/custom_node.ts", import.meta.url).pathname,
    unmocked: "real",
    tests: [{ name: "words are counted", expect: { outputs_contain: { count: { words: 6 } } } }],
  };
  await withFiles({ "c.test.json": file }, async (path) => {
    const { code, stdout } = await runFlow(["test", path("c.test.json")]);
    assert.equal(code, 0, stdout);
  });
});

Deno.test("flow schema --tests describes every key of a test file", async () => {
  const { code, stdout } = await runFlow(["schema", "--tests"]);
  assert.equal(code, 0);
  const schema = JSON.parse(stdout);
  assert.deepEqual(Object.keys(schema.properties).sort(), ["$schema", ...Object.keys(testFileSchema().shape)].sort());
  assert.equal(schema.additionalProperties, false);
  assert.ok(testFileSchema() instanceof z.ZodObject);
});

/** Names of elements that are not closed, or closed too often. */
function openTags(xml: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = "", end] of xml.matchAll(/<(\/?)([a-z]+)(?:\s+[a-z]+="[^"<]*")*(\/?)>/g)) {
    if (end === "/") continue;
    if (slash === "") open.push(name);
    else if (open.pop() !== name) return [`/${name}`];
  }
  return open;
}

Deno.test("flow test mocks items, repetitions, handlers and values for ports", async () => {
  const text = `workflow:
  inputs: { cities: { type: array } }
  nodes:
    - id: each
      node_type: http.request
      map: { items: "\${{ inputs.cities }}", on_error: continue }
      config: { url: "https://example.com/\${{ item }}" }
      retry_policy: { max_attempts: 2 }
    - id: poll
      node_type: shell.exec
      inputs: { stdin: "\${{ nodes.each.body }}" }
      config: { command: cat }
      repeat: { until: outputs.stdout = "ready", delay_ms: 5000 }
    - { id: fail, node_type: debug.log, depends_on: [poll] }
  settings:
    on_failure:
      - { id: alert, node_type: shell.exec, config: { command: mail, args: ["\${{ execution.error.message }}"] } }
tests:
  - name: all of it
    inputs: { cities: [x, y, z] }
    mocks:
      each:
        items:
          - outputs: { body: 1 }
          - attempts: [{ error: { code: connection_failed } }, { outputs: { body: 2 } }]
          - error: { code: connection_failed }
      poll: { attempts: [{ outputs: { stdout: no } }, { outputs: { stdout: ready } }] }
      fail: { error: { message: broken } }
      alert: {}
    expect:
      status: failed
      duration_ms: 6000
      nodes:
        each: { outputs_contain: { body: [1, 2, null] }, runs: 5 }
        poll: { runs: 2, inputs: { stdin: [1, 2, null] }, outputs: { stdout: ready } }
        alert: { runs: 1, config_contain: { args: [{ $match: broken }] } }
      events: [NodeExpanded each, NodeRepeating poll, NodeFailed fail, WorkflowFinishing, NodeStarted alert]
`;
  await withFiles({ "a.test.yaml": text }, async (path) => {
    const { code, stdout } = await runFlow(["test", "a.test.yaml", "--coverage"], { cwd: path("") });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /coverage of a\.test\.yaml: 4 of 4 nodes ran/);
  });
});

Deno.test("flow test: every kind of expectation can fail", async () => {
  const wrong = {
    status: "failed",
    error: { code: "timeout" },
    outputs: { x: 1 },
    outputs_contain: { x: 1 },
    nodes: {
      fetch: {
        status: "skipped",
        attempts: 9,
        runs: 9,
        delays_ms: [1],
        because: "run_if",
        error: { message: "x" },
        outputs: { body: 2 },
        outputs_contain: { body: 2 },
        inputs: { body: 1 },
        inputs_contain: { body: 1 },
        config: { url: "x" },
        config_contain: { url: "x" },
        log: ["nothing"],
      },
    },
    events: ["NodeSkipped fetch"],
    duration_ms: 1,
  };
  assert.deepEqual(Object.keys(wrong).sort(), Object.keys(expectationSchema().shape).sort());
  assert.deepEqual(Object.keys(wrong.nodes.fetch).sort(), Object.keys(nodeExpectationSchema().shape).sort());
  const tests = [{ name: "all wrong", mocks: { fetch: failingTwice() }, expect: wrong }];
  await withFiles({ "w.json": workflow, "w.test.json": { ...setup, tests } }, async (path) => {
    const { code, stdout } = await runFlow(["test", path("w.test.json"), "--json"]);
    assert.equal(code, 3);
    const paths: string[][] = JSON.parse(stdout).files[0].tests[0].problems.map((problem: { path: string[] }) =>
      problem.path.slice(3)
    );
    const found = new Set(paths.map(([top, , key]) => top === "nodes" ? `node ${key}` : top));
    const { nodes, ...rest } = wrong;
    const expected = [...Object.keys(rest), ...Object.keys(nodes.fetch).map((key) => `node ${key}`)];
    assert.deepEqual(expected.filter((key) => !found.has(key)), []);
  });
});

Deno.test("flow test runs called workflows on the same clock, and mocks their nodes by type", async () => {
  const step = {
    id: "step",
    nodes: [{
      id: "call",
      node_type: "http.request",
      config: { url: "https://example.com" },
      retry_policy: { delay_ms: 60_000 },
    }],
    outputs: { answer: "${{ nodes.call.body }}" },
  };
  const parent = { nodes: [{ id: "call", node_type: "flow.call", config: { file: "step.json" } }] };
  const shared = { workflow: "parent.json" };
  const attempts = [{ error: { code: "connection_failed" } }, { outputs: { body: 42 } }];
  const tests = [
    {
      name: "called for real",
      real: ["call"],
      mock_types: { "http.request": { attempts } },
      expect: { outputs: { call: { answer: 42 } }, duration_ms: 60_000, nodes: { call: { runs: 1 } } },
    },
    { name: "mocked", mocks: { call: { outputs: { answer: 1 } } }, expect: { outputs: { call: { answer: 1 } } } },
    { name: "not mocked inside", real: ["call"] },
  ];
  const files = { "parent.json": parent, "step.json": step, "p.test.json": { ...shared, tests } };
  await withFiles(files, async (path) => {
    const { code, stdout } = await runFlow(["test", path("p.test.json")]);
    assert.equal(code, 3);
    assert.match(stdout, /✓ called for real[^]*✓ mocked[^]*✗ not mocked inside/);
    assert.match(
      stdout,
      /Node "call" of a called workflow came to run, and has no mock\n.*real_types: \[http\.request\]/,
    );
    assert.match(stdout, /2 passed, 1 failed\n$/);
  });
});
