import assert from "node:assert/strict";
import { runFlow, startFlow, withFiles } from "./support/cli.ts";
import { listMounts, sandboxTest } from "./support/sandbox.ts";

/** Names of processes, among which a test finds its own by what they wait for. */
function commandLines(): string[] {
  const read = (pid: string) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    } catch {
      return "";
    }
  };
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => /^\d+$/.test(name) ? read(name) : "");
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never came true: ${what}`);
}

sandboxTest("a sandbox does not outlive a flow that is killed, and its node runs again after a resume", async () => {
  const token = `36${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const isAlive = () => commandLines().some((line) => line.includes(`sleep ${token}`));
  const command =
    `test "$FLOW_ATTEMPT" = 2 || { setsid sleep ${token} & sleep ${token}; }; echo "attempt $FLOW_ATTEMPT"`;
  const node = { id: "work", node_type: "sandbox.exec", config: { command, shell: true } };
  const mounts = listMounts();
  const folders = Array.from(Deno.readDirSync("/tmp"), ({ name }) => name).filter((name) => /sandbox|bwrap/.test(name));
  await withFiles({ "work.json": { id: "work", nodes: [node] } }, async (path) => {
    const flow = startFlow(["run", path("work.json"), "--db", path("flow.db"), "--json"]);
    const started = await readExecutionId(flow);
    await until(isAlive, "the sandbox runs");
    flow.kill("SIGKILL");
    await Promise.all([flow.status, flow.stderr.cancel()]);
    await until(() => !isAlive(), "the sandbox ends with flow");
    const resumed = await runFlow(["resume", started, "--db", path("flow.db"), "--json"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stdout, /"stdout":"attempt 2"/);
  });
  assert.ok(!isAlive());
  assert.deepEqual(listMounts(), mounts);
  const left = Array.from(Deno.readDirSync("/tmp"), ({ name }) => name).filter((name) => /sandbox|bwrap/.test(name));
  assert.deepEqual(left, folders);
});

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
