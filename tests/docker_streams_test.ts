import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { NodeEventBody } from "../engine/events.ts";
import { createDockerRun } from "../nodes/docker_run.ts";
import { getPlatform } from "../platform/mod.ts";
import { makeCertificate } from "./support/certificate.ts";
import { dockerTest, useDockerEngine } from "./support/docker_engine.ts";
import { DockerScripts } from "./support/docker_scripts.ts";
import { linesOf, runNode } from "./support/node_harness.ts";
import { openProxy } from "./support/socket_proxy.ts";

const MiB = 1024 * 1024;

const docker = useDockerEngine();
const scripts = new DockerScripts(docker);

dockerTest("docker.run carries 64 MiB through a container without changing a byte", async () => {
  // Characters of one to four bytes, so that many of them are cut in two on the way.
  const line = "0123456789 ä € 😀\n";
  const data = line.repeat(Math.floor(64 * MiB / new TextEncoder().encode(line).length));
  const config = {
    stdin_mode: "text",
    output_mode: "text",
    max_output_bytes: 128 * MiB,
    strip_trailing_newline: false,
  };
  const { stdout } = await scripts.outputs("cat", config, { data });
  // A difference of such length could not be shown.
  assert.ok(stdout === data);
});

dockerTest("docker.run carries bytes that are no text through a container, and answers bytes", async () => {
  const data = new Uint8Array(8 * MiB);
  for (let at = 0; at < data.length; at += 65_536) crypto.getRandomValues(data.subarray(at, at + 65_536));
  const { output } = await scripts.outputs("cat", { stdin_mode: "raw", max_output_bytes: 64 * MiB }, { data });
  assert.ok(output instanceof Uint8Array && output.length === data.length);
  assert.ok(output.every((byte, at) => byte === data[at]));
});

dockerTest("docker.run does not mind a container that does not read its input", async () => {
  const data = new Uint8Array(16 * MiB);
  for (const script of ["exit 0", "head -c 10 | wc -c", "exec 0<&-; sleep 0.3"]) {
    const { success } = await scripts.outputs(script, { stdin_mode: "raw" }, { data });
    assert.equal(success, true, script);
  }
});

dockerTest("docker.run loses nothing of what the shortest containers write", async () => {
  const numbers = Array.from({ length: 60 }, (_, index) => index);
  const seen: unknown[] = [];
  const workers = [0, 1, 2, 3].map(async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const { stdout, stderr } = await scripts.outputs(`echo ${number}; echo ${number} >&2`);
      seen.push(stdout === stderr ? Number(stdout) : `${stdout} and ${stderr}`);
    }
  });
  await Promise.all(workers);
  assert.deepEqual(seen.sort((a, b) => Number(a) - Number(b)), Array.from({ length: 60 }, (_, index) => index));
});

dockerTest("docker.run runs 20 containers at the same time", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Each waits until all of them are there.
    const meet = "touch /meet/$0; until [ $(ls /meet | wc -l) -eq 20 ]; do sleep 0.1; done; echo $0";
    const runs = Array.from(
      { length: 20 },
      (_, index) =>
        scripts.outputs("", { command: ["sh", "-c", meet, `c${index}`], volumes: [`${folder}:/meet`], timeout: 120 }),
    );
    const names = (await Promise.all(runs)).map(({ stdout }) => stdout);
    assert.deepEqual(names, Array.from({ length: 20 }, (_, index) => `c${index}`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

dockerTest("docker.run emits a line when it is written, not when the container ends", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const events: NodeEventBody[] = [];
    const onEvent = (event: NodeEventBody) => {
      events.push(event);
      if (linesOf([event], "StdoutLine")[0] === "first") Deno.writeTextFileSync(`${folder}/go`, "");
    };
    const script = "echo first; until [ -e /wait/go ]; do sleep 0.05; done; echo last";
    const volumes = [`${folder}:/wait`];
    await scripts.run(script, { config: { stream_output: true, timeout: 60, volumes }, onEvent });
    assert.deepEqual(linesOf(events, "StdoutLine"), ["first", "last"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

dockerTest("docker.run emits lines whole that arrive in parts", async () => {
  // The engine cuts what it gets into pieces of 16 KiB at most.
  const long = `awk 'BEGIN { for (i = 0; i < 20000; i++) printf "äöü€%d", i; print ""; print "next" }'`;
  const { events, outputs } = await scripts.run(long, { config: { stream_output: true } });
  const expected = Array.from({ length: 20_000 }, (_, index) => `äöü€${index}`).join("");
  assert.deepEqual(linesOf(events, "StdoutLine"), [expected, "next"]);
  assert.equal(outputs["stdout"], `${expected}\nnext`);
});

dockerTest("docker.run can stop a container that writes without end", async () => {
  const controller = new AbortController();
  const reason = new FlowError("cancelled", "Cancelled by the test");
  await assert.rejects(
    scripts.run("yes 0123456789012345678901234567890123456789", {
      signal: controller.signal,
      config: { stream_output: true, max_output_bytes: 64 * 1024 },
      onEvent: () => controller.abort(reason),
    }),
    reason,
  );
});

dockerTest("docker.run works over TCP and over TLS, stdin included", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const at = { hostname: "127.0.0.1", port: 0 };
    const identity = await makeCertificate(folder);
    const open = [() => Deno.listen(at), () => Deno.listenTls({ ...at, ...identity }) as unknown as Deno.TcpListener];
    for (const [index, listen] of open.entries()) {
      const variables: Record<string, string> = index === 0 ? {} : { DOCKER_CERT_PATH: folder };
      const node = createDockerRun({ ...getPlatform(), env: (name) => variables[name] });
      const proxy = await openProxy(docker().host, listen);
      const data = "0123456789".repeat(500_000);
      const config = scripts.config("wc -c; echo over", { host: proxy.host, stdin_mode: "text" });
      const { outputs } = await runNode(node, { config, inputs: { data } });
      assert.equal(outputs["stdout"], "5000000\nover");
      await proxy.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
