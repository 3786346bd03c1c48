import assert from "node:assert/strict";
import { createDockerRun } from "../nodes/docker_run.ts";
import { getPlatform } from "../platform/mod.ts";
import { runFlow } from "./support/cli.ts";
import { dockerTest, useDockerEngine } from "./support/docker_engine.ts";
import { DockerScripts } from "./support/docker_scripts.ts";
import { type History, type Running, withHistory } from "./support/history.ts";
import { until } from "./support/until.ts";
import { linesOf, messagesOf, runNode } from "./support/node_harness.ts";
import { openProxy } from "./support/socket_proxy.ts";

const docker = useDockerEngine();
const scripts = new DockerScripts(docker);

/** A workflow with one container: its first attempt hangs, and stops only when it is killed. */
function hangingWorkflow(more: Record<string, unknown> = {}) {
  const script = `trap '' TERM; echo up; [ $FLOW_ATTEMPT = 1 ] && sleep 3600; echo "attempt $FLOW_ATTEMPT"`;
  return { id: "w", nodes: [{ id: "work", node_type: "docker.run", config: scripts.config(script), ...more }] };
}

async function isRunning(): Promise<boolean> {
  return (await docker().containers.list({ "flow.node_id": "work" })).some(({ isRunning }) => isRunning);
}

/** Runs `test` when the container of a {@link hangingWorkflow} runs. */
async function whileHanging(
  workflow: ReturnType<typeof hangingWorkflow>,
  test: (history: History, running: Running) => Promise<void>,
): Promise<void> {
  await withHistory({ "w.json": workflow }, async (history) => {
    const running = history.start(["run", "w.json"]);
    await until(isRunning);
    await test(history, running);
  });
}

/** Ends a flow without a chance to clean up. */
async function kill(running: Running): Promise<void> {
  running.kill("SIGKILL");
  await running.ended;
}

dockerTest("flow resume deletes the container that a killed flow has left, before the node runs again", async () => {
  // Somebody else's container must survive that.
  const bystander = await scripts.outputs("sleep 3600", { detached: true });
  await whileHanging(hangingWorkflow(), async ({ flow, list }, running) => {
    await kill(running);
    const [execution] = await list();
    assert.equal((await docker().flowContainers()).length, 2);
    const resumed = await flow(["resume", execution?.execution_id ?? ""]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(JSON.parse(resumed.stdout)["work"]["stdout"], "up\nattempt 2");
  });
  assert.deepEqual(await docker().flowContainers(), [bystander["output"]]);
  await docker().containers.remove(String(bystander["output"]));
});

dockerTest("docker.run deletes what other processes have left of the same node, and nothing else", async () => {
  const platform = getPlatform();
  // To the containers it looks as if another process had made them.
  const other = createDockerRun({ ...platform, startedOf: () => "long ago" });
  const leave = async (name: string, more: Record<string, unknown> = {}) => {
    const proxy = await openProxy(docker().host);
    await runNode(other, {
      config: scripts.config("echo up; sleep 3600", { host: proxy.host, name, ...more }),
      verbose: true,
      onEvent: (event) => linesOf([event], "StdoutLine").length > 0 && proxy.cut(),
    }).catch(() => {});
    await proxy.close();
  };
  await leave("flow-test-left-1");
  await leave("flow-test-left-2", { remove: false });
  // This one was not even started: its engine was lost before.
  const labels = { "flow.execution_id": "execution-1", "flow.node_id": "node-1", "flow.keep": "true" };
  await docker().containers.create({ Image: docker().busybox, Cmd: ["true"], Labels: labels }, "flow-test-left-3");
  await runNode(other, { config: scripts.config("true", { name: "flow-test-kept", remove: false }) });
  await scripts.run("sleep 3600", { config: { name: "flow-test-own", detached: true } });
  const names = ["flow-test-left-1", "flow-test-left-2", "flow-test-left-3", "flow-test-kept", "flow-test-own"];
  const ids = await Promise.all(names.map((name) => idOf(name)));

  const first = await scripts.run("true");
  assert.deepEqual(messagesOf(first.events, "Info"), [], "the first attempt has nobody before it");
  const second = await scripts.run("true", { attempt: 2 });
  assert.deepEqual(
    messagesOf(second.events, "Info").sort(),
    ids.slice(0, 3).map((id) => `Deleted container ${id?.slice(0, 12)}, which an interrupted attempt has left`).sort(),
  );
  assert.deepEqual((await docker().flowContainers()).sort(), ids.slice(3).sort());
  for (const id of ids.slice(3)) await docker().containers.remove(id);
});

async function idOf(name: string): Promise<string> {
  let id = "";
  await docker().client.stream("GET", `/containers/${name}/json`, {}, (answer) => {
    id = (answer as { Id: string }).Id;
  });
  return id;
}

dockerTest("flow resume deletes the container also if its node must not run again", async () => {
  await whileHanging(hangingWorkflow({ on_interrupt: "fail" }), async ({ flow, list }, running) => {
    await kill(running);
    const [execution] = await list();
    const resumed = await flow(["resume", execution?.execution_id ?? ""]);
    assert.equal(resumed.code, 3, resumed.stderr);
  });
  assert.deepEqual(await docker().flowContainers(), []);
});

dockerTest("flow resume runs those items again whose containers had not ended, and leaves none of them", async () => {
  const map = { items: [0, 1, 2], max_parallel: 3 };
  const script = `[ $FLOW_ATTEMPT = 1 ] && [ $0 != 1 ] && sleep 3600; echo "item $0, attempt $FLOW_ATTEMPT"`;
  const config = scripts.config("", { command: ["sh", "-c", script, "${{ $string(item) }}"] });
  const nodes = [{ id: "work", node_type: "docker.run", map, config }];
  await withHistory({ "w.json": { id: "w", nodes } }, async ({ start, flow, path }) => {
    const running = start(["run", "w.json"]);
    await until(async () => {
      const containers = await docker().containers.list({ "flow.node_id": "work" });
      const indexes = containers.map(({ labels }) => labels["flow.index"]).sort();
      return containers.every(({ isRunning }) => isRunning) && indexes.join() === "0,2";
    });
    await kill(running);
    const resumed = await flow(["resume", "last"], { cwd: path("") });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(JSON.parse(resumed.stdout)["work"]["stdout"], [
      "item 0, attempt 2",
      "item 1, attempt 1",
      "item 2, attempt 2",
    ]);
  });
  assert.deepEqual(await docker().flowContainers(), []);
});

dockerTest("Ctrl-C leaves no container", async () => {
  await whileHanging(hangingWorkflow(), async (_history, running) => {
    running.kill("SIGINT");
    assert.equal(await running.ended, 130);
  });
  assert.deepEqual(await docker().flowContainers(), []);
});

dockerTest("Ctrl-C twice leaves no container, and does not wait until it has stopped", async () => {
  await whileHanging(hangingWorkflow(), async (_history, running) => {
    running.kill("SIGINT");
    // Two signals at the same moment may arrive as one.
    await new Promise((resolve) => setTimeout(resolve, 200));
    running.kill("SIGINT");
    assert.equal(await running.ended, 130);
  });
  assert.deepEqual(await docker().flowContainers(), []);
});

dockerTest("flow doctor tells which engine is there, or how to get one", async () => {
  const { host } = docker();
  const run = async (DOCKER_HOST: string) => {
    const { code, stdout } = await runFlow(["doctor"], { env: { DOCKER_HOST } });
    assert.equal(code, 0, stdout);
    return stdout;
  };
  assert.match(await run(host), new RegExp(`^✓ {2}docker +${host}, engine \\d+\\S+, API \\d+\\.\\d+, linux/`, "m"));
  assert.match(
    await run("unix:///no/such.sock"),
    /^– {2}docker +Cannot reach Docker at "unix:\/\/\/no\/such\.sock": .*\n +hint: Install and start Docker, /m,
  );
});
