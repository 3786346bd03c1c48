import assert from "node:assert/strict";
import { createWorkflow } from "../tests/support/events.ts";
import { type Act, breaks, Lab } from "../tests/support/lab.ts";
import type { StartOptions } from "./engine_options.ts";
import type { RerunOptions } from "./rerun.ts";
import type { NodeSpec, Workflow } from "./workflow.ts";

const diamond = createWorkflow(["a", "b", "c", "d"], ["a > b", "a > c", "b > d", "c > d"]);

const node = (id: string, changes: Partial<NodeSpec> = {}): NodeSpec => ({
  id,
  node_type: "test.node",
  config: {},
  ...changes,
});

/** Runs `workflow` to its end as "e". */
async function runBefore(
  workflow: Workflow,
  acts: Record<string, Act> = {},
  options: StartOptions = {},
): Promise<(options?: RerunOptions) => Promise<string[]>> {
  const lab = new Lab(acts);
  const engine = lab.openEngine();
  const handle = await engine.start(workflow, { ...options, execution_id: "e" });
  await lab.clock.run(handle.result);
  return async (rerunOptions = {}) => {
    const { nodes } = await engine.planRerun("e", rerunOptions);
    return nodes.map(({ node_id, action, why }) => `${action} ${node_id}: ${why}`);
  };
}

Deno.test("planRerun() runs all of an execution that succeeded", async () => {
  const plan = await runBefore(createWorkflow(["a", "b"], ["a > b"]));
  assert.deepEqual(await plan(), ["run a: all of it again", "run b: all of it again"]);
});

Deno.test("planRerun() runs what failed and what is behind it, and reuses the rest", async () => {
  const plan = await runBefore(diamond, { b: breaks() });
  assert.deepEqual(await plan(), [
    "reuse a: succeeded before",
    "run b: failed before",
    "reuse c: succeeded before",
    "run d: skipped before",
  ]);
});

Deno.test("planRerun() from a node runs it and everything behind it", async () => {
  const plan = await runBefore(diamond);
  assert.deepEqual(await plan({ from: "c" }), [
    "reuse a: succeeded before",
    "reuse b: succeeded before",
    "run c: selected",
    'run d: behind "c"',
  ]);
  assert.deepEqual(await plan({ from: "a" }), [
    "run a: selected",
    'run b: behind "a"',
    'run c: behind "a"',
    'run d: behind "b"',
  ]);
});

Deno.test("planRerun() from a node runs also what failed elsewhere: nothing would be there to reuse", async () => {
  const workflow = { ...diamond, settings: { ...diamond.settings, on_error: "ContinueOnError" as const } };
  const plan = await runBefore(workflow, { b: breaks() });
  assert.deepEqual(await plan({ from: "c" }), [
    "reuse a: succeeded before",
    "run b: failed before",
    "run c: selected",
    "run d: skipped before",
  ]);
});

Deno.test("planRerun() of only a node runs nothing else, and leaves out what has no outputs", async () => {
  const plan = await runBefore(diamond, { b: breaks() });
  assert.deepEqual(await plan({ only: "c" }), [
    "reuse a: succeeded before",
    "skip b: not selected",
    "run c: selected",
    "skip d: not selected",
  ]);
  assert.deepEqual((await plan({ only: "b" })).filter((line) => line.startsWith("run")), ["run b: selected"]);
});

Deno.test("planRerun() refuses only a node before which something has no outputs", async () => {
  const plan = await runBefore(diamond, { b: breaks() });
  await assert.rejects(plan({ only: "d" }), {
    code: "invalid_argument",
    message: 'Cannot rerun only "d": "b" before it has no outputs to reuse',
    hint: 'Use --from "b" instead.',
  });
});

Deno.test("planRerun() refuses a selection that makes no sense", async () => {
  const plan = await runBefore(createWorkflow(["fetch", "parse"], ["fetch > parse"]));
  await assert.rejects(plan({ from: "fetch", only: "parse" }), { code: "invalid_argument" });
  await assert.rejects(plan({ from: "fecth" }), { code: "invalid_argument", hint: 'Did you mean "fetch"?' });
  await assert.rejects(plan({ only: "zzzzzz" }), { code: "invalid_argument", hint: "The nodes are: fetch, parse." });
  await assert.rejects(plan({ from: "" }), { code: "invalid_argument" });
});

Deno.test("planRerun() knows no execution that is not there", async () => {
  await assert.rejects(new Lab().openEngine().planRerun("nope"), { code: "not_found" });
});

Deno.test("planRerun() with another definition runs what is new or has changed, and what is behind it", async () => {
  const plan = await runBefore(createWorkflow(["a", "b", "c"], ["a > b"]));
  const changes: [what: string, workflow: Workflow, lines: string[]][] = [
    ["config", createWorkflow([node("a", { config: { note: "new" } }), "b", "c"], ["a > b"]), [
      "run a: definition changed",
      'run b: behind "a"',
      "reuse c: succeeded before",
    ]],
    ["new connection", createWorkflow(["a", "b", "c"], ["a > b", "a > c"]), [
      "reuse a: succeeded before",
      "reuse b: succeeded before",
      "run c: definition changed",
    ]],
    ["lost connection", createWorkflow(["a", "b", "c"]), [
      "reuse a: succeeded before",
      "run b: definition changed",
      "reuse c: succeeded before",
    ]],
    ["new node in between", createWorkflow(["a", "n", "b", "c"], ["a > n", "n > b"]), [
      "reuse a: succeeded before",
      "run n: new",
      "run b: definition changed",
      "reuse c: succeeded before",
    ]],
    ["removed node", createWorkflow(["b", "c"]), ["run b: definition changed", "reuse c: succeeded before"]],
    ["removed last node", createWorkflow(["a", "c"]), ["reuse a: succeeded before", "reuse c: succeeded before"]],
    [
      "what has no influence on outputs",
      createWorkflow([node("a", { name: "A", timeout_ms: 5 }), "b", "c"], ["a > b"]),
      [
        "run a: all of it again",
        "run b: all of it again",
        "run c: all of it again",
      ],
    ],
  ];
  for (const [what, workflow, lines] of changes) assert.deepEqual(await plan({ workflow }), lines, what);
});

Deno.test("planRerun() without the node that failed reuses all the others", async () => {
  const plan = await runBefore(createWorkflow(["a", "b"], ["a > b"]), { b: breaks() });
  assert.deepEqual(await plan({ workflow: createWorkflow(["a"]) }), ["reuse a: succeeded before"]);
});

Deno.test("planRerun() checks another definition as start() does", async () => {
  const plan = await runBefore(createWorkflow(["a"]));
  const workflow = createWorkflow([node("a", { node_type: "test.nod" })]);
  await assert.rejects(plan({ workflow }), { code: "invalid_workflow" });
});

Deno.test("planRerun() with other inputs runs the nodes that read them, and what is behind these", async () => {
  const plan = await runBefore(diamond, {}, { inputs: { x: 1, y: 2 } });
  assert.deepEqual((await plan({ inputs: { x: 1, y: 3 } })).slice(0, 2), [
    "run a: inputs changed",
    'run b: behind "a"',
  ]);
  assert.deepEqual((await plan({ inputs: { y: 2, x: 1 } }))[0], "run a: all of it again");
});

Deno.test("planRerun() looks at the last round of a workflow that was retried", async () => {
  let rounds = 0;
  const flaky: Act = () => {
    if (++rounds === 1) throw new Error("not yet");
    return {};
  };
  const settings = { ...diamond.settings, on_error: { RetryWorkflow: { max_attempts: 2 } } };
  const plan = await runBefore({ ...diamond, settings }, {
    b: flaky,
    c: () => rounds === 1 ? {} : breaks()({} as never),
  });
  assert.deepEqual(await plan(), [
    "reuse a: succeeded before",
    "reuse b: succeeded before",
    "run c: failed before",
    "run d: skipped before",
  ]);
});

Deno.test("planRerun() of an execution that was cut off goes on where it stopped", async () => {
  const lab = new Lab({ b: ({ sleep }) => sleep(1000).then(() => ({})) });
  const engine = lab.openEngine();
  await engine.start(diamond, { execution_id: "e" });
  await lab.clock.advance(100);
  await engine.close();
  const { nodes } = await lab.openEngine().planRerun("e");
  assert.deepEqual(nodes.map(({ action, why }) => `${action}: ${why}`), [
    "reuse: succeeded before",
    "run: was cut off",
    "reuse: succeeded before",
    "run: never ran",
  ]);
});
