import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { runFlow, withFiles } from "./support/cli.ts";
import { withRestartableServe } from "./support/restartable_serve.ts";

const workflow = (marker: string) => ({
  name: "Plan me",
  settings: { env: ["REGION"] },
  inputs: { n: { type: "integer" }, loud: { type: "boolean", default: false } },
  nodes: [
    { id: "touch", node_type: "shell.exec", config: { command: "touch", args: [marker] } },
    {
      id: "fetch",
      node_type: "http.request",
      config: {
        url: "https://example.com/${{ env.REGION }}/${{ inputs.n + 1 }}",
        timeout: "${{ inputs.n }}",
        headers: { authorization: "Bearer ${{ secrets.TOKEN }}", "x-name": "${{ workflow.name }}" },
      },
      timeout_ms: 5000,
      retry_policy: { max_attempts: 4 },
      cache: { ttl_seconds: 60 },
    },
    { id: "shout", node_type: "debug.log", when: "inputs.loud" },
    { id: "echo", node_type: "debug.log" },
    { id: "any", node_type: "debug.log", run_if: "always", depends_on: ["echo"] },
    { id: "large", node_type: "debug.log", when: "nodes.fetch.status > inputs.n" },
    { id: "mend", node_type: "debug.log", run_if: "failure", depends_on: ["fetch"] },
  ],
  connections: [
    { from_node: "fetch", from_port: "body", to_node: "shout", to_port: "message" },
    { from_node: "shout", from_port: "message", to_node: "echo", to_port: "message" },
  ],
  outputs: { region: "${{ env.REGION }}", body: "${{ nodes.fetch.body }}" },
});

const env = { REGION: "eu", FLOW_SECRET_TOKEN: "s3cret-token" };

Deno.test("flow run --dry-run shows what would run, and neither runs nor stores anything", async () => {
  await withFiles({}, async (path) => {
    const marker = path("marker");
    const { code, stdout, stderr } = await runFlow(
      ["run", "-", "--dry-run", "--set", "n=41", "--db", path("flow.db")],
      { stdin: JSON.stringify(workflow(marker)), env },
    );
    assert.equal(code, 0, stderr);
    await assert.rejects(stat(marker));
    await assert.rejects(stat(path("flow.db")));
    assert.doesNotMatch(stdout, /s3cret/);
    for (
      const expected of [
        /^Plan of Plan me: 7 nodes, at most 10 at a time\. Nothing has run\.$/m,
        /^ {2}n: 41\n {2}loud: false \(default\)$/m,
        /^ {3}url: "https:\/\/example\.com\/eu\/42"\n {3}timeout: 41$/m,
        /^ {3}headers: \{"authorization":"Bearer \$\{\{ secrets\.TOKEN \}\}","x-name":"Plan me"\} {2}\(needs secrets\.TOKEN\)$/m,
        /^ {3}at most 5\.0s per attempt, up to 4 attempts \(after 1\.0s, .*\), may be taken from the cache for 1m 00s$/m,
        /shout {2}debug\.log {2}after fetch\n {3}skipped: its condition does not hold: inputs\.loud$/m,
        /echo {2}debug\.log {2}after shout\n {3}skipped: nothing comes from "shout"$/m,
        /any {2}debug\.log {2}after echo\n {3}runs whatever happened before$/m,
        /large .*\n {3}runs only if nodes\.fetch\.status > inputs\.n, which needs nodes\.fetch$/m,
        /mend .*\n {3}runs only if "fetch" fails$/m,
        /^outputs\n {2}region: "eu"\n {2}body: "\$\{\{ nodes\.fetch\.body \}\}" {2}\(needs nodes\.fetch\)$/m,
      ]
    ) assert.match(stdout, expected);
  });
});

Deno.test("flow run --dry-run --json is the plan for programs, each node after those that it waits for", async () => {
  const { code, stdout } = await runFlow(["run", "-", "--dry-run", "--json", "--set", "n=1", "--set", "loud=true"], {
    stdin: JSON.stringify(workflow("x")),
    env,
  });
  assert.equal(code, 0);
  const plan = JSON.parse(stdout);
  assert.deepEqual(plan.inputs, { n: 1, loud: true });
  const places = new Map(plan.nodes.map((node: { node_id: string }, index: number) => [node.node_id, index]));
  for (const [index, { after }] of plan.nodes.entries()) {
    for (const id of after) assert.ok((places.get(id) as number) < index, `${id} comes before ${index}`);
  }
  const fetch = plan.nodes[places.get("fetch") as number];
  assert.deepEqual([fetch.action, fetch.config.timeout], ["run", 1]);
  assert.deepEqual(fetch.unknown, [{ path: "config.headers.authorization", needs: ["secrets.TOKEN"] }]);
  assert.equal(plan.nodes[places.get("shout") as number].action, "run");
  assert.deepEqual(plan.nodes[places.get("echo") as number].inputs, [{ port: "message", from: "shout.message" }]);
});

Deno.test("flow run --dry-run ends with 2 for whatever would keep the run from starting or is known to fail", async () => {
  const cases: [args: string[], env: Record<string, string>, expected: RegExp][] = [
    [[], env, /Input "n" is missing/],
    [["--set", "n=1", "--set", "lod=true"], env, /no input "lod"\n {2}Did you mean "loud"\?/],
    [["--set", "n=1"], { REGION: "eu" }, /Secret "TOKEN" is not set, and node "fetch" uses it/],
  ];
  for (const [args, given, expected] of cases) {
    const { code, stdout, stderr } = await runFlow(["run", "-", "--dry-run", ...args], {
      stdin: JSON.stringify(workflow("x")),
      env: given,
    });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, expected);
  }
  const misfit = { nodes: [{ id: "a", node_type: "time.delay", config: { delay_ms: "${{ inputs.ms }}" } }] };
  const broken = await runFlow(["run", "-", "--dry-run", "--set", "ms=soon"], { stdin: JSON.stringify(misfit) });
  assert.equal(broken.code, 2);
  assert.match(broken.stdout, /would fail: config\.delay_ms: expected a (whole )?number/);
});

Deno.test("flow run --dry-run shows maps, repetitions, values for ports and handlers", async () => {
  const mapped = {
    inputs: { cities: { default: ["x", "y"] } },
    nodes: [
      {
        id: "each",
        node_type: "shell.exec",
        map: { items: "${{ inputs.cities }}", max_parallel: 2 },
        config: { command: "echo", args: ["${{ item }}"] },
      },
      {
        id: "poll",
        node_type: "shell.exec",
        inputs: { stdin: "${{ inputs.cities[0] }}" },
        config: { command: "cat" },
        repeat: { until: "outputs.stdout = 'x'", delay_ms: 500 },
      },
    ],
    settings: { on_failure: [{ id: "alert", node_type: "debug.log", inputs: { message: "${{ execution.status }}" } }] },
  };
  const { code, stdout } = await runFlow(["run", "-", "--dry-run"], { stdin: JSON.stringify(mapped) });
  assert.equal(code, 0);
  for (
    const expected of [
      /^ {3}args: \["\$\{\{ item \}\}"\] {2}\(needs item\)\n {3}items: \["x","y"\]\n {3}once for each of 2 items, at most 2 at a time$/m,
      /^ {3}stdin: "x"\n {3}again every 500ms until outputs\.stdout = 'x', 100 times at most$/m,
      /^when it has failed\n1\. alert {2}debug\.log\n {3}message: "\$\{\{ execution\.status \}\}" {2}\(needs execution\)$/m,
    ]
  ) assert.match(stdout, expected);
  const wrong = await runFlow(["run", "-", "--dry-run", "--set", "cities=x"], { stdin: JSON.stringify(mapped) });
  assert.deepEqual([wrong.code, /would fail: map\.items is "x", expected a list/.test(wrong.stdout)], [2, true]);
});

Deno.test("flow run --dry-run --server takes neither secrets nor variables of this machine for those of the server", async () => {
  await withRestartableServe({ files: { "w.json": workflow("x") } }, async (server) => {
    const args = ["run", "w.json", "--dry-run", "--json", "--set", "n=1", "--server", server.url];
    const { code, stdout, stderr } = await runFlow(args, { cwd: server.path(""), env: { REGION: "here" } });
    assert.equal(code, 0, stderr);
    const { nodes } = JSON.parse(stdout);
    const fetch = nodes.find(({ node_id }: { node_id: string }) => node_id === "fetch");
    assert.deepEqual(fetch.unknown.map(({ needs }: { needs: string[] }) => needs), [["env.REGION"], ["secrets.TOKEN"]]);
    assert.doesNotMatch(stdout, /here/);
  });
});
