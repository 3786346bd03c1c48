import assert from "node:assert/strict";
import { codeBlocks } from "./markdown.ts";
import { nodeContract } from "./contracts/node_contract.ts";
import { runFlow, withFiles } from "./support/cli.ts";
import { dockerTest, useDockerEngine, whyNoDocker } from "./support/docker_engine.ts";
import { dockerRun, DockerScripts } from "./support/docker_scripts.ts";
import { linesOf, type NodeRun, runNode } from "./support/node_harness.ts";

const docker = useDockerEngine();
const scripts = new DockerScripts(docker);

nodeContract({
  definition: dockerRun,
  ignore: whyNoDocker() !== undefined,
  open: () =>
    Promise.resolve({
      quick: { config: scripts.config("echo hi") },
      slow: { config: scripts.config("sleep 3600") },
      close: () => Promise.resolve(),
    }),
  refused: [
    { image: "" },
    { image: "two words" },
    { image: undefined },
    { command: "'open" },
    { command: [1] },
    { entrypoint: 1 },
    { env: { PORT: 8080 } },
    { volumes: "a:/b" },
    { volumes: ["/only"] },
    { volumes: ["/a:relative"] },
    { volumes: ["/a:/b:rx"] },
    { volumes: ["a folder:/b"] },
    { user: "" },
    { cpu_limit: 0 },
    { cpu_limit: "much" },
    { memory_limit: "a lot" },
    { memory_limit: "5m" },
    { pids_limit: 0 },
    { stdin_mode: "yaml" },
    { output_mode: "yaml" },
    { io_mode: "tagged" },
    { name: "a b" },
    { timeout: 0 },
    { max_output_bytes: 10 },
  ],
});

dockerTest("docker.run answers both outputs, the exit code and success", async () => {
  assert.deepEqual(await scripts.outputs("echo out; echo err >&2"), {
    stdout: "out",
    output: "out",
    stderr: "err",
    exit_code: 0,
    success: true,
  });
});

dockerTest(
  "docker.run takes command and entrypoint as lists or as strings that are split like the shell does",
  async () => {
    const { host, busybox: image } = docker();
    const run = async (config: Record<string, unknown>) =>
      (await runNode(dockerRun, { config: { host, image, network: "none", ...config } })).outputs["stdout"];
    assert.equal(await run({ command: ["printf", "%s|", "a b", "$HOME"] }), "a b|$HOME|");
    assert.equal(await run({ command: "printf '%s|' 'a b' $HOME" }), "a b|$HOME|");
    assert.equal(await run({ entrypoint: ["printf", "%s|"], command: ["a", "b"] }), "a|b|");
    assert.equal(await run({ entrypoint: "echo -n", command: "x" }), "x");
  },
);

dockerTest("docker.run gives a container its env, workdir and user, and says who runs it", async () => {
  const outputs = await scripts.outputs(
    'echo "$COLOR|$EMPTY|$FLOW_EXECUTION_ID|$FLOW_NODE_ID|$FLOW_ATTEMPT"; pwd; id -u; id -g',
    {
      env: { COLOR: "a b=c", EMPTY: "" },
      workdir: "/usr/bin",
      user: "65534:7",
    },
  );
  assert.deepEqual(String(outputs["stdout"]).split("\n"), ["a b=c||execution-1|node-1|1", "/usr/bin", "65534", "7"]);
  assert.equal(await scripts.stdout("id -un", { user: "nobody" }), "nobody");
});

dockerTest("docker.run mounts folders, files and volumes, read-only where it is asked to", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/in.txt`, "from the host");
    const text = await scripts.stdout(
      "cat /data/in.txt; echo done >/data/out.txt; echo x >/ro/out.txt || echo refused",
      {
        volumes: [`${folder}:/data`, `${folder}:/ro:ro`],
      },
    );
    assert.equal(text, "from the hostrefused");
    assert.equal(await Deno.readTextFile(`${folder}/out.txt`), "done\n");
    assert.equal(await scripts.stdout("cat /one", { volumes: [`${folder}/in.txt:/one:rw`] }), "from the host");

    const volumes = ["flow-test-data:/volume"];
    await scripts.outputs("echo kept >/volume/file", { volumes });
    assert.equal(await scripts.stdout("cat /volume/file", { volumes }), "kept");
  } finally {
    await docker().client.act("DELETE", "/volumes/flow-test-data");
    await Deno.remove(folder, { recursive: true });
  }
});

dockerTest("docker.run finds relative folders where flow runs", async () => {
  const text = await scripts.stdout("ls /project", { volumes: ["./tests/../docs:/project:ro"] });
  assert.match(String(text), /^nodes\.md$/m);
});

dockerTest("docker.run joins the network that is named", async () => {
  const interfaces = "ls /sys/class/net";
  assert.equal(await scripts.stdout(interfaces, { network: "none" }), "lo");
  const own = Array.from(Deno.readDirSync("/sys/class/net"), ({ name }) => name).sort();
  const seen = String(await scripts.stdout(interfaces, { network: "host" })).split(/\s+/);
  assert.deepEqual(own.filter((name) => !seen.includes(name)), []);
});

dockerTest("docker.run writes the inputs to stdin as JSON, flat or wrapped", async () => {
  const inputs = { value: 21, text: "ä", list: [1, null], bytes: new Uint8Array([1, 2]) };
  const flat = { value: 21, text: "ä", list: [1, null], bytes: { $bytes: "AQI=" } };
  assert.deepEqual((await scripts.outputs("cat", {}, inputs))["output"], flat);
  assert.deepEqual((await scripts.outputs("cat", { io_mode: "flat", stdin_mode: "json" }, inputs))["output"], flat);
  assert.deepEqual((await scripts.outputs("cat", { io_mode: "wrapped" }, { value: 21, text: "ä" }))["output"], {
    value: { type: "Number", value: 21 },
    text: { type: "String", value: "ä" },
  });
  assert.equal(await scripts.stdout("cat", {}, {}), "{}");
});

dockerTest("docker.run writes data to stdin as it is, or nothing", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  assert.equal(await scripts.stdout("cat", { stdin_mode: "text" }, { data: "a\nä" }), "a\nä");
  assert.equal(await scripts.stdout("cat", { stdin_mode: "raw" }, { data: "a\n\n" }), "a");
  assert.equal(
    await scripts.stdout("md5sum", { stdin_mode: "raw" }, { data: bytes }),
    "e2c865db4162bed963bfaa9ef6ac18f0  -",
  );
  assert.equal(await scripts.stdout("wc -c", { stdin_mode: "none" }, { data: "a" }), "0");
  assert.equal(await scripts.stdout("wc -c", { stdin_mode: "raw" }, { data: "" }), "0");
});

dockerTest("docker.run parses stdout by output_mode", async () => {
  const json = `echo '{"a": [1]}'`;
  assert.deepEqual((await scripts.outputs(json))["output"], { a: [1] });
  assert.deepEqual((await scripts.outputs(json, { output_mode: "json" }))["output"], { a: [1] });
  assert.equal((await scripts.outputs(json, { output_mode: "text" }))["output"], '{"a": [1]}');
  assert.equal((await scripts.outputs("echo '{a'"))["output"], "{a");
  assert.equal((await scripts.outputs(`echo '"text"'`, { output_mode: "json" }))["output"], "text");
  await assert.rejects(scripts.outputs("echo '{a'", { output_mode: "json" }), {
    code: "invalid_output",
    message: `Container of "${docker().busybox}" with output_mode "json": stdout is not JSON`,
  });
});

dockerTest("docker.run emits lines as they come, if it is asked to or is verbose", async () => {
  const lines = ({ events }: NodeRun) => [linesOf(events, "StdoutLine"), linesOf(events, "StderrLine")];
  const config = scripts.config("echo a; echo b >&2; printf c");
  assert.deepEqual(lines(await runNode(dockerRun, { config })), [[], []]);
  assert.deepEqual(lines(await runNode(dockerRun, { config, verbose: true })), [["a", "c"], ["b"]]);
  const streamed = await runNode(dockerRun, { config: { ...config, stream_output: true } });
  assert.deepEqual(lines(streamed), [["a", "c"], ["b"]]);
  const quiet = await runNode(dockerRun, { config: { ...config, stream_output: false }, verbose: true });
  assert.deepEqual(lines(quiet), [[], []]);
});

dockerTest("docker.run keeps no more output than it is told to", async () => {
  const outputs = await scripts.outputs("yes 0123456789 | head -c 100000; echo ok >&2", { max_output_bytes: 1024 });
  assert.match(String(outputs["stdout"]), /^0123456789\n[^]*\n\[\.\.\. 98976 bytes truncated \.\.\.\]\n[^]*$/);
  assert.equal(outputs["stderr"], "ok");
  const none = await scripts.outputs("echo a; echo b >&2", { capture_stdout: false, capture_stderr: false });
  assert.deepEqual(none, { exit_code: 0, success: true });
});

dockerTest("docker.run limits what a container takes of the processors", async () => {
  const busy =
    "time -p timeout 1 sh -c 'while :; do :; done'; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max";
  const { stdout, stderr } = await scripts.outputs(busy, { cpu_limit: "0.2", fail_on_error: false });
  assert.match(String(stdout), /^20000\b/);
  const [, real, user, system] = /^real (\S+)\nuser (\S+)\nsys (\S+)$/m.exec(String(stderr)) ?? [];
  assert.ok(Number(user) + Number(system) < 0.5 * Number(real), `${user} + ${system} seconds of ${real}`);
});

dockerTest("docker.run limits the memory of a container, and says so when that is why it ended", async () => {
  const greedy = "dd if=/dev/zero of=/dev/null bs=200M count=1";
  assert.equal((await scripts.outputs(greedy, { memory_limit: "512m" }))["exit_code"], 0);
  await assert.rejects(scripts.outputs(greedy, { memory_limit: "64m" }), {
    code: "exit_code",
    message: `Container of "${docker().busybox}" ran out of memory of memory_limit "64m" and exited with code 137`,
    hint: "Raise memory_limit.",
    details: { exit_code: 137, oom_killed: true },
  });
  assert.equal(
    (await scripts.outputs(greedy, { memory_limit: 64 * 1024 ** 2, fail_on_error: false }))["exit_code"],
    137,
  );
});

dockerTest("docker.run limits the processes of a container", async () => {
  const fork = "for i in 1 2 3 4 5 6 7 8; do sleep 0.1 & done; wait; echo all";
  assert.equal(await scripts.stdout(fork, { pids_limit: 20 }), "all");
  const { success, stderr } = await scripts.outputs(fork, { pids_limit: 5, fail_on_error: false });
  assert.equal(success, false);
  assert.match(String(stderr), /can't fork/);
});

dockerTest("docker.run leaves a detached container running, and answers its id", async () => {
  const { containers } = docker();
  const { output, ...rest } = await scripts.outputs("echo up; sleep 3600", {
    detached: true,
    name: "flow-test-detached",
  });
  assert.deepEqual(rest, { stdout: output, stderr: "", exit_code: 0, success: true });
  const [found] = (await containers.list({ "flow.node_id": "node-1" })).filter(({ id }) => id === output);
  assert.equal(found?.isRunning, true);
  await containers.stop("flow-test-detached", 1);
  // The engine deletes it by itself.
  for (let left = 100; left > 0 && (await docker().flowContainers()).includes(String(output)); left--) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

dockerTest("docker.run keeps the container if it is told to, and tells where it is from", async () => {
  const { containers } = docker();
  await scripts.outputs("echo kept", { remove: false, name: "flow-test-kept" });
  const [kept] = await containers.list({ "flow.execution_id": "execution-1", "flow.node_id": "node-1" });
  assert.ok(kept !== undefined && !kept.isRunning && kept.labels["flow.attempt_id"] !== undefined);
  await containers.remove(kept.id);
});

dockerTest("docs/containers.md shows a workflow and a command that work", async () => {
  const blocks = codeBlocks(await Deno.readTextFile(new URL("../docs/containers.md", import.meta.url)));
  const [workflow = "", cleanUp = ""] = blocks.map(({ code }) => code);
  assert.match(workflow, /image: python:3\.13-slim/);
  const document = workflow.replace("python:3.13-slim", await docker().python());
  await withFiles({ "totals.yaml": document }, async (path) => {
    const args = ["run", path("totals.yaml"), "--input", '{"numbers": [1, 2, 39]}'];
    const { code, stdout, stderr } = await runFlow(args, { env: { DOCKER_HOST: docker().host } });
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout)["sum"]["output"], 42);
  });
  await scripts.run("true", { config: { remove: false } });
  const env = { DOCKER_HOST: docker().host };
  const { success } = await new Deno.Command("sh", { args: ["-c", cleanUp], env, stdout: "null" }).output();
  assert.ok(success);
  assert.deepEqual(await docker().flowContainers(), []);
});
