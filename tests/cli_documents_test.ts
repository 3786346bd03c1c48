import assert from "node:assert/strict";
import { runFlow, shellWorkflow, withFiles } from "./support/cli.ts";

const hello = shellWorkflow({ greet: "echo Hello" });

Deno.test({
  name: "flow run reads a pipe to its end, and refuses devices, which may have none",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const piped = await runFlow(["run", "/dev/stdin"], { stdin: JSON.stringify(hello) });
    assert.equal(piped.code, 0, piped.stderr);
    for (const device of ["/dev/zero", "/dev/urandom"]) {
      const { code, stderr } = await runFlow(["run", device]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`^error: Cannot read "${device}": it is a device, not a file\n hint: `));
      const inputs = await runFlow(["run", "-", "--input", `@${device}`], { stdin: JSON.stringify(hello) });
      assert.equal(inputs.code, 2);
      assert.match(inputs.stderr, /it is larger than 64 MiB/);
    }
  },
});

Deno.test("flow validate says what is wrong with a text that cannot be read", async () => {
  const cases: [name: string, text: string, expected: RegExp][] = [
    ["open.yaml", "nodes:\n  - id: [a", /:2:11: error: Cannot read the YAML: a bracket is not closed: expected "\]"/],
    ["map.yaml", "nodes:\n  - id: {a: 1\n    b: 2\n", /:3:5: error: Cannot read the YAML: a bracket .* expected "\}"/],
    ["null.json", "null", /error: Document is null, expected an object/],
    ["null.yaml", "# nothing\n--- ~\n", /error: Document is null, expected an object/],
    ["comment.yaml", "# null\n", /error: Document is empty/],
  ];
  await withFiles(Object.fromEntries(cases.map(([name, text]) => [name, text])), async (path) => {
    for (const [name, , expected] of cases) {
      const { code, stdout } = await runFlow(["validate", path(name)]);
      assert.deepEqual([code, expected.test(stdout)], [2, true], stdout);
    }
  });
});

Deno.test("flow validate shows arguments that cannot be split once", async () => {
  const broken = { nodes: [{ id: "a", node_type: "shell.exec", config: { command: "echo", args: '"unclosed' } }] };
  await withFiles({ "broken.json": broken }, async (path) => {
    const { stdout } = await runFlow(["validate", path("broken.json")]);
    assert.match(stdout, /config\.args is "\\"unclosed": a double quote is not closed/);
    assert.equal(stdout.split("unclosed").length, 2, stdout);
  });
});

Deno.test("flow validate goes on with the documents that nodes call, each of them once", async () => {
  const calling = (...files: string[]) => ({
    nodes: files.map((file, index) => ({ id: `call${index}`, node_type: "flow.call", config: { file } })),
  });
  const files = {
    "main.json": calling("good.json", "bad.json", "gone.json", "${{ inputs.any }}"),
    "good.json": calling("./bad.json"),
    "bad.json": { nodes: [{ id: "a", node_type: "shell.exek", config: {} }] },
  };
  await withFiles(files, async (path) => {
    const { code, stdout } = await runFlow(["validate", path("main.json"), "--json"]);
    assert.equal(code, 2, stdout);
    const found = JSON.parse(stdout).files.map((
      { file, valid, called_by }: Record<string, unknown>,
    ) => [file, valid, called_by]);
    assert.deepEqual(found, [
      [path("main.json"), true, undefined],
      [path("good.json"), true, path("main.json")],
      [path("bad.json"), false, path("main.json")],
      [path("gone.json"), false, path("main.json")],
    ]);
    assert.match(
      (await runFlow(["validate", path("main.json")])).stdout,
      /error: .*main\.json: Cannot read ".*gone\.json"/,
    );
  });
});

Deno.test("flow validate gives called documents the node types of whoever calls them, as flow run does", async () => {
  const module = `import { defineNode, z } from "flowengine";
export const nodes = [defineNode({
  type: "own.word", version: 1, summary: "s", category: "c", config: {}, inputs: {}, outputs: { word: z.string() },
  run: () => ({ word: "hi" }),
})];
export const workflow = { nodes: [{ id: "call", node_type: "flow.call", config: { file: "child.json" } }] };
`;
  const child = { nodes: [{ id: "own", node_type: "own.word" }] };
  await withFiles({ "parent.ts": module, "child.json": child }, async (path) => {
    const { code, stdout } = await runFlow(["validate", path("parent.ts")]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /child\.json: valid, 1 node, called by/);
    assert.equal((await runFlow(["run", path("parent.ts"), "--no-store"])).code, 0);
    assert.equal((await runFlow(["validate", path("child.json")])).code, 2);
  });
});

Deno.test("flow validate and flow run refuse to call code, and pipes that may never end", async () => {
  const calling = (file: string) => ({ nodes: [{ id: "call", node_type: "flow.call", config: { file } }] });
  await withFiles({ "code.json": calling("child.ts"), "pipe.json": calling("pipe.yaml") }, async (path) => {
    for (const command of ["validate", "run"]) {
      const { code, stdout, stderr } = await runFlow([command, path("code.json")]);
      assert.equal(code, 2);
      assert.match(stdout + stderr, /config\.file is "child\.ts", which is code, expected a document/);
    }
    if (Deno.build.os === "windows") return console.log("skipped: pipes, which are no files on Windows");
    assert.ok((await new Deno.Command("mkfifo", { args: [path("pipe.yaml")] }).output()).success);
    const validated = await runFlow(["validate", path("pipe.json")]);
    assert.equal(validated.code, 2);
    assert.match(validated.stdout, /Cannot read ".*pipe\.yaml": it is a pipe, not a file/);
    const ran = await runFlow(["run", path("pipe.json"), "--no-store"]);
    assert.equal(ran.code, 3);
    assert.match(ran.stderr, /Cannot read ".*pipe\.yaml": it is no regular file/);
  });
});

Deno.test("flow graph names a workflow without a name by its file, the same each time", async () => {
  await withFiles({ "nightly.json": { nodes: [{ id: "a", node_type: "debug.log" }] } }, async (path) => {
    const { stdout } = await runFlow(["graph", path("nightly.json"), "--format", "dot"]);
    assert.match(stdout, /^digraph "nightly" \{/);
  });
});

Deno.test("flow suggests only flags and commands that are close to what was written", async () => {
  for (const args of [["run", "--bogus"], ["xyz"]]) {
    const { code, stderr } = await runFlow(args);
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /Did you mean/);
    assert.match(stderr, / hint: Run "flow.* --help" to see what it takes\./);
  }
  assert.match((await runFlow(["run", "--timeot", "3s"])).stderr, /Did you mean "--timeout"\?/);
});

Deno.test("flow run and flow rerun tell once of inputs that nobody takes, and of keys that are there twice", async () => {
  const text = '{"nodes": [{"id": "a", "node_type": "shell.exec", "config": {"command": "cat", "command": "cat"}}]}';
  await withFiles({ "twice.json": text }, async (path) => {
    const db = ["--db", path("flow.db")];
    const loud = await runFlow(["run", path("twice.json"), "--set", "stdn=Ada", ...db]);
    assert.equal(loud.code, 0, loud.stderr);
    assert.match(loud.stderr, /twice\.json:1:\d+: warning: Key "command" is there twice/);
    assert.match(loud.stderr, /^warning: Input "stdn" is not used.*\n {2}Did you mean "stdin"\?$/m);
    assert.equal(loud.stderr.split("warning:").length, 3, loud.stderr);
    const again = await runFlow(["rerun", "last", ...db, "--json"]);
    assert.equal(again.stderr.split("warning:").length, 2, again.stderr);
    const quiet = await runFlow(["run", path("twice.json"), "--set", "stdn=Ada", "--quiet", ...db]);
    assert.doesNotMatch(quiet.stderr, /warning/);
  });
});

Deno.test("flow run calls a workflow without id and name like its file", async () => {
  const { nodes } = hello;
  await withFiles({ "say.hello.json": { nodes } }, async (path) => {
    const { stderr } = await runFlow(["run", path("say.hello.json"), "--no-store"]);
    assert.match(stderr, /say\.hello {2}succeeded in /);
  });
  const piped = await runFlow(["run", "-", "--no-store"], { stdin: JSON.stringify({ nodes }) });
  assert.match(piped.stderr, /stdin {2}succeeded in /);
});

Deno.test("with --json what keeps a command from working is a line of JSON on stdout, and text on stderr", async () => {
  await withFiles({ "bad.json": { nodes: [{ id: "a", node_type: "shell.exce" }] } }, async (path) => {
    const bad = await runFlow(["run", path("bad.json"), "--json"]);
    assert.equal(bad.code, 2);
    const [line = "", ...rest] = bad.stdout.split("\n");
    assert.deepEqual(rest, [""]);
    const { error } = JSON.parse(line);
    assert.equal(error.code, "invalid_workflow");
    assert.deepEqual(error.details.issues.map((issue: { code: string }) => issue.code), ["unknown_node_type"]);
    assert.match(bad.stderr, /bad\.json:1:\d+: error: /);
    const missing = await runFlow(["executions", "show", "no_such_id", "--json"]);
    assert.deepEqual([missing.code, JSON.parse(missing.stdout).error.code], [4, "not_found"]);
    assert.equal((await runFlow(["run", path("bad.json")])).stdout, "");
  });
});

Deno.test("flow run takes a condition that is no text as what it is", async () => {
  const nodes = [true, false].map((when) => ({ id: `${when}`, node_type: "debug.log", when }));
  const { code, stdout, stderr } = await runFlow(["run", "-", "--no-store", "--json"], {
    stdin: JSON.stringify({ nodes }),
  });
  assert.equal(code, 0, stderr);
  const ends = stdout.trim().split("\n").map((line) => JSON.parse(line)).filter(({ type }) => /Node(C|Sk)/.test(type));
  assert.deepEqual(ends.map(({ type, node_id }) => `${type} ${node_id}`), ["NodeSkipped false", "NodeCompleted true"]);
});
