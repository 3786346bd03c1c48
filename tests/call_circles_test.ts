import assert from "node:assert/strict";
import { runFlow, withFiles } from "./support/cli.ts";

const call = (file: string, more: object = {}) => ({ id: "call", node_type: "flow.call", config: { file }, ...more });
const log = (more: object = {}) => ({ id: "log", node_type: "debug.log", ...more });
const from = (port: string) => ({ from_node: "log", from_port: port, to_node: "call", to_port: "in" });

Deno.test("flow validate and flow run name the circle of workflows that call each other without end", async () => {
  const files = {
    "a.json": { nodes: [call("b.json")] },
    "b.json": { nodes: [log(), call("./a.json", { depends_on: ["log"] })] },
    "self.yaml": "nodes:\n  - { id: again, node_type: flow.call, config: { file: self.yaml } }\n",
    "main.json": { nodes: [call("a.json")] },
  };
  await withFiles(files, async (path) => {
    const circle = `${path("a.json")} -> ${path("b.json")} -> ${path("a.json")}`;
    const validated = await runFlow(["validate", path("a.json")]);
    assert.equal(validated.code, 2, validated.stdout);
    assert.ok(validated.stdout.includes(`error: Workflow calls itself without end: ${circle}\n`), validated.stdout);
    const ran = await runFlow(["run", path("a.json"), "--no-store"]);
    assert.deepEqual([ran.code, ran.stdout], [2, ""]);
    assert.ok(ran.stderr.includes(`Workflow calls itself without end: ${circle}`), ran.stderr);
    assert.doesNotMatch(ran.stderr, /started|nested/);

    const self = await runFlow(["validate", path("self.yaml")]);
    assert.match(self.stdout, /self\.yaml:2:\d+: error: Workflow calls itself without end: \S+ -> \S+self\.yaml\n/);
    const main = await runFlow(["run", path("main.json"), "--no-store"]);
    assert.equal(main.code, 2);
    assert.ok(
      main.stderr.includes(`${path("a.json")}: error: Workflow calls itself without end: ${circle}`),
      main.stderr,
    );
  });
});

Deno.test("flow rerun and flow dev refuse a version of a workflow that calls itself without end", async () => {
  const files = { "good.json": { nodes: [log()] }, "self.json": { nodes: [log(), call("self.json")] } };
  await withFiles(files, async (path) => {
    const db = ["--db", path("flow.db")];
    assert.equal((await runFlow(["run", path("good.json"), ...db])).code, 0);
    const rerun = await runFlow(["rerun", "last", "--with", path("self.json"), ...db]);
    assert.equal(rerun.code, 2);
    assert.match(rerun.stderr, /Workflow calls itself without end/);
    assert.equal((await runFlow(["executions", "list", "--all", ...db])).stdout.match(/succeeded|failed/g)?.length, 1);
    const dev = await runFlow(["dev", path("self.json"), "--no-store"], {
      onStderr: (text, process) => text.includes("Waiting for changes") && process.kill("SIGTERM"),
    });
    assert.match(dev.stderr, /Workflow calls itself without end/);
    assert.doesNotMatch(dev.stderr, /nested/);
  });
});

Deno.test("flow validate warns of a workflow that calls itself under a condition, and flow run runs it", async () => {
  const countdown = {
    inputs: { left: { type: "integer", default: 2 } },
    nodes: [call("countdown.json", {
      when: "inputs.left > 0",
      config: { file: "countdown.json", inputs: { left: "${{ inputs.left - 1 }}" } },
    })],
  };
  await withFiles({ "countdown.json": countdown }, async (path) => {
    const { code, stdout } = await runFlow(["validate", path("countdown.json")]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /warning: Workflow calls itself: \S+ -> \S+countdown\.json: only a condition/);
    assert.match(stdout, /countdown\.json: valid, 1 node\n$/);
    const ran = await runFlow(["run", path("countdown.json"), "--no-store"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.doesNotMatch(ran.stderr, /calls itself/);
  });
});

Deno.test("flow validate tells conditions that may end a circle of calls from what cannot", async () => {
  const self = "self.json";
  const asked = { id: "log", node_type: "control.if", config: { condition: "${{ inputs.more = true }}" } };
  const cases: [expected: "error" | "warning", name: string, document: object][] = [
    ["error", "nothing", { nodes: [call(self)] }],
    ["error", "a condition that always holds", { nodes: [call(self, { when: true })] }],
    ["error", "items that stand there", { nodes: [call(self, { map: { items: [1] } })] }],
    ["warning", "items that are computed", { nodes: [call(self, { map: { items: "${{ inputs.items }}" } })] }],
    ["warning", "only after a failure", { nodes: [log(), call(self, { run_if: "failure", depends_on: ["log"] })] }],
    ["warning", "a way", { nodes: [asked, call(self)], connections: [from("then")] }],
    ["warning", "a condition before it", {
      nodes: [log({ when: "inputs.a" }), call(self)],
      connections: [from("message")],
    }],
    ["error", "a condition that does not matter", {
      nodes: [log({ when: "inputs.a" }), call(self, { run_if: "always", depends_on: ["log"] })],
    }],
    ["error", "an own handler", { nodes: [log()], settings: { on_exit: [call(self)] } }],
    ["warning", "a handler of failures", { nodes: [log()], settings: { on_failure: [call(self)] } }],
  ];
  for (const [expected, name, document] of cases) {
    await withFiles({ [self]: document }, async (path) => {
      const { stdout } = await runFlow(["validate", path(self), "--json"]);
      const issues: { code: string; severity: string }[] = JSON.parse(stdout).files[0].issues;
      const found = issues.filter(({ code }) => code === "circular_call").map(({ severity }) => severity);
      assert.deepEqual([name, found], [name, [expected]], stdout);
    });
  }
});
