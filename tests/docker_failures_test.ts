import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { dockerTest, useDockerEngine } from "./support/docker_engine.ts";
import { dockerRun, DockerScripts } from "./support/docker_scripts.ts";
import { linesOf, messagesOf, runNode } from "./support/node_harness.ts";
import { openProxy } from "./support/socket_proxy.ts";

const docker = useDockerEngine();
const scripts = new DockerScripts(docker);

async function failure(script: string, config: Record<string, unknown> = {}): Promise<FlowError> {
  const error = await scripts.run(script, { config }).then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, `it fails with an error of ours: ${error}`);
  return error;
}

interface Expected {
  code: string;
  message: string | RegExp;
  hint: string;
  retryable: boolean;
}

async function assertFailure(config: Record<string, unknown>, expected: Expected, script = "true"): Promise<void> {
  const { code, message, hint, retryable } = await failure(script, config);
  if (typeof expected.message === "string") assert.equal(message, expected.message);
  else assert.match(message, expected.message);
  assert.deepEqual({ code, hint, retryable }, {
    code: expected.code,
    hint: expected.hint,
    retryable: expected.retryable,
  });
  assert.deepEqual(await docker().flowContainers(), [], "no container is left");
}

dockerTest("docker.run fails with the exit code, and the last that the container had to say", async () => {
  const { code, message, details } = await failure("echo first >&2; echo the reason >&2; exit 3");
  assert.equal(code, "exit_code");
  assert.equal(message, `Container of "${docker().busybox}" exited with code 3: the reason`);
  assert.deepEqual(details, { exit_code: 3, stderr_tail: "first\nthe reason" });
  const outputs = await scripts.outputs("echo out; exit 3", { fail_on_error: false });
  assert.deepEqual(outputs, { stdout: "out", output: "out", stderr: "", exit_code: 3, success: false });
});

dockerTest("docker.run says where no engine is", async () => {
  await assertFailure({ host: "unix:///no/such.sock" }, {
    code: "unavailable",
    message: 'Cannot reach Docker at "unix:///no/such.sock": there is no such socket',
    hint: "Install and start Docker, or name its address in host or DOCKER_HOST.",
    retryable: true,
  });
  await assertFailure({ host: "tcp://127.0.0.1:1" }, {
    code: "unavailable",
    message: 'Cannot reach Docker at "tcp://127.0.0.1:1": nobody listens there',
    hint: "Start Docker, or correct its address in host or DOCKER_HOST.",
    retryable: true,
  });
  await assertFailure({ host: "ssh://somewhere" }, {
    code: "invalid_config",
    message: 'Cannot use the Docker host "ssh://somewhere": "ssh" is not supported',
    hint: "Give unix:///path/to/docker.sock or tcp://host:port, in host or in DOCKER_HOST.",
    retryable: false,
  });
});

dockerTest("docker.run says so if the image is missing and is not to be pulled", async () => {
  await assertFailure({ image: "flow-test/none:1", auto_pull: false }, {
    code: "not_found",
    message: 'Cannot create a container of "flow-test/none:1": No such image: flow-test/none:1',
    hint: 'Set auto_pull to true, or run "docker pull flow-test/none:1".',
    retryable: false,
  });
});

dockerTest("docker.run tells a registry that cannot be reached from an image that cannot be had", async () => {
  await assertFailure({ image: "127.0.0.1:1/none:1" }, {
    code: "connection_failed",
    message: /^Cannot pull "127\.0\.0\.1:1\/none:1": .*refused/,
    hint: "Check that the engine's machine reaches the registry.",
    retryable: true,
  });
});

dockerTest("docker.run says which command the image does not have, or cannot run", async () => {
  const { busybox } = docker();
  await assertFailure({ command: "no-such-program" }, {
    code: "program_not_found",
    message: `Cannot run "no-such-program" in "${busybox}": there is no such program`,
    hint: "Correct command or entrypoint, or use an image that has it.",
    retryable: false,
  });
  await assertFailure({ entrypoint: "/etc/passwd" }, {
    code: "invalid_config",
    message: `Cannot run "/etc/passwd" in "${busybox}": Permission denied`,
    hint: "Make it executable in the image, or correct command.",
    retryable: false,
  });
  const { code, hint } = await failure("no-such-program");
  assert.deepEqual([code, hint], ["exit_code", "Install the program that it runs, or correct its name or PATH."]);
});

dockerTest("docker.run says which part of its config the engine refuses", async () => {
  const { busybox } = docker();
  await assertFailure({ user: "nobody-knows" }, {
    code: "invalid_config",
    message: new RegExp(`^Cannot start a container of "${busybox}": .*unable to find user nobody-knows`),
    hint: "Correct user: the image knows no such user.",
    retryable: false,
  });
  await assertFailure({ network: "no-such-network" }, {
    code: "invalid_config",
    message: new RegExp(`^Cannot start a container of "${busybox}": network no-such-network not found`),
    hint: "Create the network, or correct network.",
    retryable: false,
  });
  await assertFailure({ volumes: ["/no/such/folder:/data"] }, {
    code: "invalid_config",
    message: /bind source path does not exist: \/no\/such\/folder/,
    hint: "Create it on the engine's machine, or correct volumes.",
    retryable: false,
  });
  await assertFailure({ cpu_limit: 1000 }, {
    code: "invalid_config",
    message: /Range of CPUs is from/,
    hint: "Correct the config of the node.",
    retryable: false,
  });
});

dockerTest("docker.run says so if the name is in use", async () => {
  const { containers } = docker();
  await scripts.run("true", { config: { name: "flow-test-name", remove: false } });
  try {
    const { code, message, hint, retryable } = await failure("true", { name: "flow-test-name" });
    assert.deepEqual([code, hint, retryable], ["conflict", "Choose another name, or delete that container.", false]);
    assert.match(message, /The container name "\/flow-test-name" is already in use/);
  } finally {
    await containers.remove("flow-test-name");
  }
});

dockerTest("docker.run needs the input data for stdin_mode text and raw", async () => {
  const bytes = { data: new Uint8Array([1]) };
  const reject = (mode: string, inputs: Record<string, never> | typeof bytes, message: string) =>
    assert.rejects(scripts.outputs("cat", { stdin_mode: mode }, inputs), { code: "invalid_input", message });
  await reject("text", {}, 'Input "data" with stdin_mode "text": no value');
  await reject("text", bytes, 'Input "data" with stdin_mode "text": expected text');
  await assert.rejects(scripts.outputs("cat", { stdin_mode: "raw" }, { data: { a: 1 } }), {
    message: 'Input "data" with stdin_mode "raw": expected text or bytes',
  });
});

dockerTest("docker.run stops a container that takes too long, hears its last words, and deletes it", async () => {
  const lines: string[] = [];
  const error = await scripts.run("trap 'echo bye; exit 0' TERM; echo hi; while :; do sleep 0.1; done", {
    config: { timeout: 1, stream_output: true, remove: false },
    onEvent: (event) => lines.push(...linesOf([event], "StdoutLine")),
  }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError);
  assert.equal(error.code, "timeout");
  assert.equal(error.message, `Container of "${docker().busybox}" timed out after 1 s`);
  assert.deepEqual(lines, ["hi", "bye"]);
  assert.deepEqual(await docker().flowContainers(), []);
});

dockerTest("docker.run kills a container that does not stop", async () => {
  const deaf = "trap '' TERM; echo deaf; while :; do sleep 0.1; done";
  const controller = new AbortController();
  const reason = new FlowError("cancelled", "Cancelled by the test");
  await assert.rejects(
    scripts.run(deaf, {
      signal: controller.signal,
      verbose: true,
      onEvent: (event) => linesOf([event], "StdoutLine").length > 0 && controller.abort(reason),
    }),
    reason,
  );
  assert.deepEqual(await docker().flowContainers(), []);
});

dockerTest("docker.run leaves no container whenever it is cancelled", async () => {
  const reason = new FlowError("cancelled", "Cancelled by the test");
  for (const delay of [0, 3, 10, 20, 40, 80, 120, 160, 200, 250, 300]) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(reason), delay);
    await assert.rejects(scripts.run("yes", { signal: controller.signal }), reason);
    clearTimeout(timer);
    assert.deepEqual(await docker().flowContainers(), [], `after ${delay} ms`);
  }
});

dockerTest("docker.run fails if the engine is lost, and the next attempt deletes what is left", async () => {
  const state = new Map<string, unknown>();
  const proxy = await openProxy(docker().host);
  const error = await runNode(dockerRun, {
    config: scripts.config("echo up; sleep 3600", { host: proxy.host }),
    verbose: true,
    state,
    onEvent: (event) => linesOf([event], "StdoutLine").length > 0 && proxy.cut(),
  }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError);
  assert.deepEqual([error.code, error.retryable], ["unavailable", true], error.message);
  const left = await docker().flowContainers();
  assert.equal(left.length, 1, "nobody could delete it");
  await proxy.close();

  const { outputs, events } = await scripts.run("echo again", { state, attempt: 2 });
  assert.equal(outputs["stdout"], "again");
  assert.deepEqual(messagesOf(events, "Warning"), []);
  assert.deepEqual(await docker().flowContainers(), []);
});

Deno.test("docker.run says so if what listens there is no Docker engine, or one in trouble", async () => {
  let status = 404;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isPing = new URL(request.url).pathname === "/_ping";
    if (isPing && status !== 404) return new Response("OK", { headers: { "api-version": "1.41" } });
    return Response.json({ message: "the disk is full" }, { status });
  });
  const run = () => runNode(dockerRun, { config: { image: "busybox", host: `tcp://127.0.0.1:${server.addr.port}` } });
  await assert.rejects(run(), { code: "unavailable", message: /: what is there answers 404 to \/_ping$/ });
  status = 500;
  await assert.rejects(run(), {
    code: "unavailable",
    message: 'Cannot create a container of "busybox": the disk is full',
    retryable: true,
    details: { status: 500 },
  });
  status = 200;
  await assert.rejects(run(), {
    code: "unavailable",
    message: /^Cannot create a container of "busybox": an answer that/,
  });
});
