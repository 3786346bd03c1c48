import assert from "node:assert/strict";
import { runFlow, startFlow, withFiles } from "./support/cli.ts";
import { browserTest } from "./support/browser.ts";
import { dockerTest, useDockerEngine } from "./support/docker_engine.ts";
import { openHttpServer } from "./support/http_server.ts";
import { listMounts, sandboxTest } from "./support/sandbox.ts";
import { openZypiServer } from "./support/zypi_server.ts";
import { until } from "./support/until.ts";

const engine = useDockerEngine();

/** Whether a program runs whose arguments, its name included, satisfy `isIt`. */
function isRunning(isIt: (args: string[]) => boolean): boolean {
  const read = (pid: string) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
    } catch {
      return [];
    }
  };
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => /^\d+$/.test(name) ? read(name) : []).some(isIt);
}

/** Temporary folders of sandboxes and browsers on this machine. */
function listFolders(): string[] {
  return Array.from(Deno.readDirSync("/tmp"), ({ name }) => name).filter((name) =>
    /^flow-render|sandbox|bwrap/.test(name)
  );
}

interface Ordeal {
  node_type: string;
  config: Record<string, unknown>;
  env?: Record<string, string>;
  /** Whether what the first attempt does is going on. */
  isAlive: () => boolean | Promise<boolean>;
  /** Whether it ends with flow, or only with the resume. */
  endsWithFlow: boolean;
  /** Called before the resume, so that the second attempt can come to its end. */
  beforeResume?: () => void;
}

/** Kills flow while a node works, resumes, and answers what the node put out then. */
async function killAndResume(ordeal: Ordeal): Promise<Record<string, unknown>> {
  const { node_type, config, env = {}, isAlive, endsWithFlow, beforeResume } = ordeal;
  const [mounts, folders] = [listMounts(), listFolders()];
  let outputs: Record<string, unknown> = {};
  await withFiles({ "work.json": { id: "work", nodes: [{ id: "work", node_type, config }] } }, async (path) => {
    const flow = startFlow(["run", path("work.json"), "--db", path("flow.db"), "--json"], { env });
    const started = await readExecutionId(flow);
    await until(isAlive, { what: "the first attempt runs" });
    flow.kill("SIGKILL");
    await Promise.all([flow.status, flow.stderr.cancel()]);
    if (endsWithFlow) await until(async () => !await isAlive(), { what: "the sandbox ends with flow" });
    beforeResume?.();
    const resumed = await runFlow(["resume", started, "--db", path("flow.db"), "--json"], { env });
    assert.equal(resumed.code, 0, resumed.stderr + resumed.stdout);
    const events = resumed.stdout.trim().split("\n").map((line) => JSON.parse(line));
    outputs = events.find(({ type }) => type === "NodeCompleted")?.outputs ?? assert.fail("the node did not complete");
  });
  assert.ok(!await isAlive(), "nothing is left");
  assert.deepEqual(listMounts(), mounts);
  assert.deepEqual(listFolders(), folders);
  return outputs;
}

/** Reads on until the end: what nobody reads would stop a process, or leak here. */
async function readExecutionId(flow: Deno.ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const read = async () => {
    let text = "";
    for await (const chunk of flow.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const id = /"execution_id":"([^"]+)"/.exec(text)?.[1];
      if (id !== undefined) resolve(id);
    }
    reject(new Error(`no execution was started: ${text}`));
  };
  read().catch(reject);
  return await promise;
}

const randomToken = () => `36${crypto.getRandomValues(new Uint32Array(1))[0]}`;

const SCRIPT = `import os, time
if os.environ["FLOW_ATTEMPT"] == "1": time.sleep(3600)
print(os.environ["FLOW_ATTEMPT"])`;

sandboxTest("a sandbox does not outlive a flow that is killed, and its node runs again after a resume", async () => {
  const token = randomToken();
  const command =
    `test "$FLOW_ATTEMPT" = 2 || { setsid sleep ${token} & sleep ${token}; }; echo "attempt $FLOW_ATTEMPT"`;
  const outputs = await killAndResume({
    node_type: "sandbox.exec",
    config: { command, shell: true },
    isAlive: () => isRunning(([program, duration]) => program === "sleep" && duration === token),
    endsWithFlow: true,
  });
  assert.equal(outputs["stdout"], "attempt 2");
});

browserTest("a browser does not outlive a flow that is killed", async () => {
  const held = Promise.withResolvers<Response>();
  const page = () => new Response("<p>there", { headers: { "content-type": "text/html" } });
  let isFirst = true;
  let isAsked = false;
  const server = openHttpServer(({ url }) => {
    isAsked ||= url.endsWith("/page");
    return url.endsWith("/page") && isFirst ? held.promise : page();
  });
  try {
    const outputs = await killAndResume({
      node_type: "browser.render",
      config: { url: `${server.url}/page`, mode: "text", sandbox: "local", timeout: 60 },
      isAlive: () => isAsked && isRunning((args) => args.includes(`${server.url}/page`)),
      endsWithFlow: true,
      beforeResume: () => isFirst = false,
    });
    assert.equal(outputs["output"], "there");
  } finally {
    held.resolve(page());
    await server.close();
  }
});

dockerTest("the container of a sandbox is deleted by the resume, when flow was killed", async () => {
  const image = await engine().python();
  const outputs = await killAndResume({
    node_type: "api.call",
    config: { script: SCRIPT, sandbox: "docker", image },
    env: { DOCKER_HOST: engine().host },
    isAlive: async () => (await engine().flowContainers()).length > 0,
    endsWithFlow: false,
  });
  assert.equal(outputs["output"], 2);
});

sandboxTest("the microVM of a sandbox is closed by the resume, when flow was killed", async () => {
  let runningSince: number | undefined;
  const onRequest = (line: string) => {
    if (/^POST .*\/exec$/.test(line)) runningSince ??= performance.now();
  };
  const server = openZypiServer({ mode: "strict", onRequest });
  try {
    const outputs = await killAndResume({
      node_type: "api.call",
      config: { script: SCRIPT, zypi_url: server.url },
      // What has been announced is in the journal some moments later.
      isAlive: () => server.vms() > 0 && performance.now() - (runningSince ?? Infinity) > 300,
      endsWithFlow: false,
    });
    assert.equal(outputs["output"], 2);
  } finally {
    await server.close();
  }
});
