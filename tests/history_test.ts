import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { runFlowInTerminal, shellWorkflow, whyNoTerminal } from "./support/cli.ts";
import { type History, withHistory } from "./support/history.ts";
import { until } from "./support/until.ts";
import { isRunning } from "./support/processes.ts";

/** Three nodes in a row that leave a line each; the middle one goes on only when there is a file `go`, or no folder. */
const chain = shellWorkflow({
  first: "echo first >> side",
  second:
    "echo second >> side; echo $$ > pid; while [ -e chain.json ] && [ ! -e go ]; do sleep 0.05; done; echo second done >> side",
  third: "echo third >> side",
}, ["first > second", "second > third"]);

/** Runs `chain.json` and kills it with SIGKILL in its second node. Answers the id of the execution. */
async function killInSecond({ start, lines, list }: History): Promise<string> {
  const running = start(["run", "chain.json"]);
  await until(async () => (await lines("pid")).length === 1);
  running.kill("SIGKILL");
  await running.ended;
  const [execution] = await list();
  assert.equal(execution?.status, "interrupted");
  return execution.execution_id;
}

Deno.test("a killed flow run shows as interrupted at once, and flow resume finishes it without repeating what was done", async () => {
  await withHistory({ "chain.json": chain }, async (history) => {
    const { flow, lines, path } = history;
    const id = await killInSecond(history);
    const orphan = Number((await lines("pid"))[0]);
    assert.equal(isRunning(orphan), true);
    const shown = await flow(["executions", "show", id]);
    assert.match(shown.stdout, /status +interrupted\n/);
    assert.match(shown.stdout, /! {2}second +interrupted/);
    assert.match(shown.stdout, new RegExp(`go on +flow resume ${id}`));
    // Nobody has seen its end.
    assert.match((await flow(["explain", id])).stdout, /^interrupted after at least \d/m);

    const resuming = flow(["resume", id.slice(0, 18)], {
      onStderr: (text) => void (text.includes("resumed") && writeFile(path("go"), "")),
    });
    const resumed = await resuming;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(isRunning(orphan), false);
    assert.doesNotMatch(resumed.stderr, /first {2}/, "what was done before is not told again");
    assert.match(resumed.stderr, /second {2}retrying: Attempt 1 was cut off/);
    assert.deepEqual(Object.keys(JSON.parse(resumed.stdout)), ["third"]);
    assert.deepEqual(await lines("side"), ["first", "second", "second", "second done", "third"]);
    const [execution, ...others] = await history.list();
    assert.deepEqual([execution?.status, others.length], ["succeeded", 0]);
    assert.match((await flow(["explain", id])).stdout, /^ {4}attempt 1 was cut off after at least \d/m);

    const again = await flow(["resume", id]);
    assert.equal(again.code, 5);
    assert.match(again.stderr, /it has ended as succeeded\n hint: Run "flow rerun /);
  });
});

Deno.test("flow resume and flow rerun work in the folder that the execution was started in", async () => {
  await withHistory({ "chain.json": chain }, async (history) => {
    const { flow, lines, path } = history;
    const id = await killInSecond(history);
    await writeFile(path("go"), "");
    const resumed = await flow(["resume", id], { cwd: "/" });
    assert.equal(resumed.code, 0, resumed.stderr);
    const rerun = await flow(["rerun", id, "--from", "third"], { cwd: "/" });
    assert.equal(rerun.code, 0, rerun.stderr);
    assert.deepEqual((await lines("side")).slice(-2), ["third", "third"]);
  });
});

Deno.test({
  name: "flow resume draws on a terminal also what was done before",
  ignore: whyNoTerminal() !== undefined,
  fn: () =>
    withHistory({ "chain.json": chain }, async (history) => {
      const id = await killInSecond(history);
      await writeFile(history.path("go"), "");
      const env = { XDG_STATE_HOME: history.path("state") };
      const { code, screen, raw } = await runFlowInTerminal(["resume", id], { env });
      assert.equal(code, 0, raw);
      assert.match(screen.lines.join("\n"), /✓ first +\d+ms\n {2}✓ second +\d+ms {2}attempt 2\n {2}✓ third/);
    }),
});

Deno.test("flow run says that an execution of the same file was interrupted, and goes on with the new one", async () => {
  await withHistory({ "chain.json": chain, "other.json": shellWorkflow({ a: "true" }) }, async (history) => {
    const { flow, path } = history;
    const id = await killInSecond(history);
    await writeFile(path("go"), "");
    const other = await flow(["run", "other.json"]);
    assert.doesNotMatch(other.stderr, /note:/);
    const run = await flow(["run", "chain.json"]);
    assert.equal(run.code, 0);
    assert.match(
      run.stderr,
      new RegExp(`^ note: Execution ${id} of this workflow was interrupted\n hint: .*"flow resume ${id}"`),
    );
    const quiet = await flow(["run", "chain.json", "--quiet"]);
    assert.equal(quiet.stderr, "");
    assert.deepEqual((await history.list("--status", "interrupted")).map((it) => it.execution_id), [id]);
    assert.equal((await flow(["executions", "cancel", id])).code, 0);
    assert.doesNotMatch((await flow(["run", "chain.json"])).stderr, /note:/);
  });
});

Deno.test("flow executions cancel ends an interrupted execution without running anything, and what it left behind", async () => {
  await withHistory({ "chain.json": chain }, async (history) => {
    const { flow, lines } = history;
    const id = await killInSecond(history);
    const orphan = Number((await lines("pid"))[0]);
    const cancelled = await flow(["executions", "cancel", id, "--reason", "not needed"]);
    assert.deepEqual([cancelled.code, cancelled.stderr], [0, `Execution ${id} is cancelled.\n`]);
    assert.equal(isRunning(orphan), false);
    assert.deepEqual(await lines("side"), ["first", "second"]);
    const shown = JSON.parse((await flow(["executions", "show", id, "--json"])).stdout);
    assert.equal(shown.status, "cancelled");
    assert.match(shown.error.message, /not needed/);
    assert.deepEqual(shown.nodes.map((node: { status: string }) => node.status), ["succeeded", "cancelled", "skipped"]);
    assert.equal((await flow(["executions", "cancel", id])).code, 5);
  });
});

Deno.test("flow executions cancel reaches an execution that another process runs", async () => {
  await withHistory({ "chain.json": chain }, async ({ flow, start, lines, list }) => {
    const running = start(["run", "chain.json"]);
    await until(async () => (await lines("pid")).length === 1);
    const [execution] = await list("--status", "running");
    const cancelled = await flow(["executions", "cancel", "last"]);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    assert.equal(await running.ended, 130);
    assert.equal(isRunning(Number((await lines("pid"))[0])), false);
    assert.deepEqual((await list()).map((it) => [it.execution_id, it.status]), [[
      execution?.execution_id,
      "cancelled",
    ]]);
  });
});

Deno.test("flow executions logs --follow shows what another process's nodes print, until it ends", async () => {
  await withHistory({
    "chain.json": {
      ...chain,
      nodes: [...chain.nodes.slice(0, 1), {
        ...chain.nodes[1],
        config: {
          command: "echo one; echo two >&2; while [ -e chain.json ] && [ ! -e go ]; do sleep 0.05; done; echo three",
          shell: true,
          stream_output: true,
        },
      }, ...chain.nodes.slice(2)],
    },
  }, async ({ flow, start, path, list }) => {
    const running = start(["run", "chain.json"]);
    await until(async () => (await list()).length === 1);
    const following = await flow(["executions", "logs", "last", "--follow", "--json"], {
      onStdout: (text) => void (text.includes("two") && writeFile(path("go"), "")),
    });
    assert.equal(await running.ended, 0);
    assert.equal(following.code, 0);
    const lines = following.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).event.line);
    assert.deepEqual(lines.toSorted(), ["one", "three", "two"]);
    assert.equal(lines.at(-1), "three");
    const logs = async (...args: string[]) => (await flow(["executions", "logs", "last", ...args])).stdout;
    assert.match(await logs(), /^second \| one$/m);
    assert.equal(await logs("--node", "second", "--stderr"), "two\n");
    assert.equal(await logs("--node", "second", "--stdout"), "one\nthree\n");
    const unknown = await flow(["executions", "logs", "last", "--node", "secnd"]);
    assert.deepEqual([unknown.code, /Did you mean "second"/.test(unknown.stderr)], [4, true]);
  });
});

Deno.test("flow executions logs --follow ends when the process that it follows is killed", async () => {
  await withHistory({ "chain.json": chain }, async ({ flow, start, lines, list }) => {
    const running = start(["run", "chain.json"]);
    await until(async () => (await lines("pid")).length === 1);
    const following = flow(["executions", "logs", "last", "-f"]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    running.kill("SIGKILL");
    await running.ended;
    assert.equal((await following).code, 0);
    const [execution] = await list();
    assert.equal((await flow(["executions", "cancel", execution?.execution_id ?? ""])).code, 0);
  });
});

Deno.test("flow rerun --from runs the fixed definition and reuses what comes before, after saying so", async () => {
  const commands = { first: "echo first >> side; echo 1", second: "echo second >> side; exit 1", third: "cat" };
  const order = ["first > second", "second > third"];
  const files = {
    "broken.json": shellWorkflow(commands, order),
    "fixed.json": shellWorkflow({ ...commands, second: "echo fixed >> side; cat" }, order),
  };
  await withHistory(files, async ({ flow, lines, list }) => {
    assert.equal((await flow(["run", "broken.json"])).code, 3);
    const [broken] = await list();
    const plan = await flow(["rerun", "last", "--with", "fixed.json", "--dry-run"]);
    assert.equal(plan.code, 0, plan.stderr);
    assert.match(
      plan.stdout,
      /2 of 3 nodes run again, 1 reused\n {2}runs +second +definition changed\n {2}runs +third .*\n {2}reused +first/,
    );
    assert.deepEqual(await lines("side"), ["first", "second"]);
    const rerun = await flow(["rerun", "last", "--from", "second", "--with", "fixed.json"]);
    assert.equal(rerun.code, 0, rerun.stderr);
    assert.match(
      rerun.stderr,
      /^Rerun of [0-9a-f-]{36}: 2 of 3 nodes run again, 1 reused\n {2}runs +second +selected\n/,
    );
    assert.equal(JSON.parse(rerun.stdout).third.output, 1);
    assert.deepEqual(await lines("side"), ["first", "second", "fixed"]);
    const [linked] = await list();
    assert.equal(linked?.rerun_of, broken?.execution_id);
    assert.match((await flow(["executions", "show", "last"])).stdout, new RegExp(`rerun of +${broken?.execution_id}`));

    const only = await flow(["rerun", "last", "--only", "second", "--json"]);
    assert.equal(only.code, 0);
    assert.equal(only.stderr, "");
    assert.deepEqual(await lines("side"), ["first", "second", "fixed", "fixed"]);
    const wrong = await flow(["rerun", "last", "--from", "secnd"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /hint: Did you mean "second"\?/);
    const json = JSON.parse((await flow(["rerun", "last", "--dry-run", "--json", "--from", "third"])).stdout);
    assert.deepEqual(json.nodes.map((node: { action: string }) => node.action), ["reuse", "reuse", "run"]);
  });
});

Deno.test("flow rerun --set changes one input and keeps the others", async () => {
  const echo = { nodes: [{ id: "a", node_type: "debug.log" }] };
  await withHistory({ "echo.json": echo }, async ({ flow }) => {
    await flow(["run", "echo.json", "--set", "message=x", "--set", "other=y"]);
    const rerun = await flow(["rerun", "last", "--set", "message=z", "-q"]);
    assert.equal(rerun.code, 0, rerun.stderr);
    const { inputs, outputs } = JSON.parse((await flow(["executions", "show", "last", "--json"])).stdout);
    assert.deepEqual(inputs, { message: "z", other: "y" });
    assert.equal(outputs.a.message, "z");
  });
});

Deno.test("flow rerun --set takes what is declared as text as text, as flow run does", async () => {
  const version = { inputs: { version: { type: "string" } }, nodes: [{ id: "a", node_type: "debug.log" }] };
  await withHistory({ "version.json": version }, async ({ flow }) => {
    await flow(["run", "version.json", "--set", "version=1.20"]);
    const rerun = await flow(["rerun", "last", "--set", "version=1.30", "-q"]);
    assert.equal(rerun.code, 0, rerun.stderr);
    const { inputs } = JSON.parse((await flow(["executions", "show", "last", "--json"])).stdout);
    assert.deepEqual(inputs, { version: "1.30" });
  });
});

Deno.test("flow rerun --set runs the nodes whose expressions use what has changed", async () => {
  const modes = {
    nodes: [
      { id: "gate", node_type: "control.if", config: { condition: "${{ inputs.mode = 'x' }}" } },
      { id: "picky", node_type: "control.if", when: "inputs.mode = 'x'", config: { condition: true } },
      { id: "other", node_type: "control.if", config: { condition: "${{ inputs.other = 1 }}" } },
      { id: "all", node_type: "control.if", config: { condition: "${{ $exists(inputs) }}" } },
    ],
  };
  await withHistory({ "modes.json": modes }, async ({ flow }) => {
    await flow(["run", "modes.json", "--set", "mode=x", "--set", "other=1"]);
    const rerun = await flow(["rerun", "last", "--set", "mode=y", "--dry-run", "--json"]);
    const { nodes } = JSON.parse(rerun.stdout) as { nodes: { node_id: string; why: string }[] };
    assert.deepEqual(nodes.map(({ node_id, why }) => `${node_id}: ${why}`), [
      "gate: inputs changed",
      "picky: inputs changed",
      "other: succeeded before",
      "all: inputs changed",
    ]);
  });
});
