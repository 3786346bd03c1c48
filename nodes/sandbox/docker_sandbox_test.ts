import assert from "node:assert/strict";
import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { getPlatform } from "../../platform/mod.ts";
import { browserObstacle } from "../../tests/support/browser.ts";
import { dockerTest, useDockerEngine } from "../../tests/support/docker_engine.ts";
import { createContext, runNode } from "../../tests/support/node_harness.ts";
import { createApiCall } from "../api_call.ts";
import { createBrowserRender } from "../browser_render.ts";
import { createSandboxExec } from "../sandbox_exec.ts";
import { BROWSER_NAMES, renderCommand } from "../browser/render_command.ts";
import { DockerSandbox } from "./docker_sandbox.ts";

const engine = useDockerEngine();

/** This machine, with the engine of these tests as its Docker. */
function dockerPlatform(): Platform {
  const platform = getPlatform();
  return { ...platform, env: (name) => name === "DOCKER_HOST" ? engine().host : platform.env(name) };
}

async function call(config: Record<string, unknown>, signal?: AbortSignal) {
  const image = await engine().python();
  return await runNode(createApiCall(dockerPlatform()), {
    config: { sandbox: "docker", image, ...config },
    inputs: { "order-id": 7, big: "x".repeat(50_000) },
    ...(signal === undefined ? {} : { signal }),
  });
}

dockerTest("apiCall runs scripts in containers", async () => {
  const script = `import json, os
print(json.dumps([os.environ["ORDER_ID"], len(json.load(open(os.environ["FLOW_INPUTS"]))["big"]), os.getcwd()]))`;
  const { outputs } = await call({ script });
  assert.deepEqual(outputs["output"], ["7", 50_000, "/tmp"]);
  const error = await call({ script: "raise ValueError('bad')" }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError);
  assert.equal(error.message, "The Python script failed: ValueError: bad");
  await assert.rejects(call({ script: "import time; time.sleep(60)", timeout: 1 }), { code: "timeout" });
  await assert.rejects(call({ script: "1", packages: ["six"] }), /Cannot install "six": Python has no venv/);
});

dockerTest("apiCall deletes its container when it is cancelled", async () => {
  const reason = new FlowError("cancelled", "Cancelled by a test");
  const controller = new AbortController();
  const running = call({ script: "import time; time.sleep(3600)" }, controller.signal);
  while ((await engine().flowContainers()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  controller.abort(reason);
  await assert.rejects(running, reason);
  assert.deepEqual(await engine().flowContainers(), []);
});

dockerTest("sandboxExec runs commands in containers, with files, variables and folders of this machine", async () => {
  const node = createSandboxExec(dockerPlatform());
  const folder = await Deno.makeTempDir();
  const config = {
    sandbox: "docker",
    image: engine().busybox,
    command: 'cat /tmp/in/"$NAME" - && echo kept >/mnt/out; exit 3',
    shell: true,
    fail_on_error: false,
    env: { NAME: "a b" },
    files: { "/tmp/in/a b": "file\n" },
    binds: [`${folder}:/mnt:rw`],
  };
  try {
    const { outputs } = await runNode(node, { config, inputs: { stdin: "stdin" } });
    assert.deepEqual([outputs["stdout"], outputs["exit_code"]], ["file\nstdin", 3]);
    assert.equal(await Deno.readTextFile(`${folder}/out`), "kept\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const slow = { sandbox: "docker", image: engine().busybox, command: "sleep", args: ["3600"], timeout: 0.5 };
  await assert.rejects(runNode(node, { config: slow }), { code: "timeout" });
  const { binds: _, ...plain } = config;
  const zypi = { ...plain, sandbox: "zypi", zypi_url: "http://127.0.0.1:1", binds: ["/srv"] };
  await assert.rejects(runNode(node, { config: zypi }), /Cannot show folders of this machine in the sandbox "zypi"/);
});

dockerTest("browserRender says when there is no browser in the image", async () => {
  const node = createBrowserRender(dockerPlatform());
  const config = { html: "<p>x", sandbox: "docker", image: engine().busybox };
  const error = await runNode(node, { config }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError);
  assert.equal(error.code, "program_not_found");
});

dockerTest("DockerSandbox runs Chromium, with the programs of this machine in place of an image with one", async () => {
  if (browserObstacle !== undefined) return;
  const readOnly = (source: string, target: string) => ({ source, target, isWritable: false });
  const { ctx } = createContext(createBrowserRender(dockerPlatform()), { config: { html: "x" } });
  let page = "";
  const decoder = new TextDecoder();
  const { code } = await new DockerSandbox(dockerPlatform(), engine().busybox).exec({
    command: renderCommand({
      target: "file:///tmp/page.html",
      mode: "dom",
      waitMs: 500,
      width: 300,
      height: 200,
      timeoutMs: 60_000,
      browsers: BROWSER_NAMES,
    }),
    env: { PATH: "/usr/bin:/bin" },
    files: new Map([[
      "/tmp/page.html",
      new TextEncoder().encode("<p id=a></p><script>a.textContent = 6 * 7</script>"),
    ]]),
    stdin: undefined,
    network: false,
    limits: { memoryMb: 1024, pids: 2048, timeoutMs: 60_000 },
    binds: [
      readOnly("/usr", "/usr"),
      readOnly("/etc", "/etc"),
      readOnly("/usr/lib", "/lib"),
      readOnly("/usr/lib64", "/lib64"),
    ],
  }, {
    name: "chromium",
    ctx,
    onStdout: (chunk) => page += decoder.decode(chunk, { stream: true }),
    onStderr: (chunk) => console.error(new TextDecoder().decode(chunk)),
  });
  assert.equal(code, 0);
  assert.match(page, /<p id="a">42<\/p>/);
});
