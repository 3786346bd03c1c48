import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionEvent } from "../mod.ts";
import { createEngine, parseWorkflow } from "../mod.ts";
import type { Values } from "../engine/value.ts";
import { getPlatform } from "../platform/mod.ts";
import type { Platform } from "../platform/types.ts";
import { dockerTest, useDockerEngine } from "../tests/support/docker_engine.ts";
import { sandboxTest } from "../tests/support/sandbox.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { openZypiServer } from "../tests/support/zypi_server.ts";
import { createPythonTask } from "./python_task.ts";

const engine = useDockerEngine();
const PACKAGE = fileURLToPath(new URL("../python/flowengine", import.meta.url));

const FILES = {
  "functions.py": `
import os, sys, time, threading
import neighbour
from parts.deep import WORD

def describe(value):
    print("in there")
    print("complaint", file=sys.stderr)
    os.write(2, b"from below\\n")
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return {"value": value, "words": [WORD, neighbour.NAME], "secret": os.environ.get("SECRET"), "file": __file__}

def fail():
    raise LookupError("no such row")

def need():
    import no_such_package

def wait():
    print("waiting", flush=True)
    time.sleep(3600)

def leave():
    os._exit(3)
`,
  "neighbour.py": "NAME = 'neighbour'\n",
  "parts/__init__.py": "",
  "parts/deep.py": "from pathlib import Path\nWORD = (Path(__file__).parent / 'word.txt').read_text()\n",
  "parts/word.txt": "packed",
  "data/secret.txt": "stays here",
  large: "hello",
  // Read by every Python when it starts.
  "old/sitecustomize.py": "import sys\nsys.version_info = (3, 8, 10)\n",
  "old/__init__.py": "",
};

const SHA256_OF_HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/** What there is of a run. */
interface Run {
  outputs: Values;
  events: ExecutionEvent[];
  folder: string;
}

/** Calls a function of {@link FILES} in a sandbox. */
async function call(
  name: string,
  config: Record<string, unknown>,
  options: { fields?: Record<string, unknown>; onEvent?: (event: ExecutionEvent) => unknown } = {},
): Promise<Run> {
  return await withFolder(async (folder) => {
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const made = createEngine({ nodes: [createPythonTask(platform())] });
    const whole = { function: name, file: join(folder, "functions.py"), package: PACKAGE, ...config };
    const node = { id: "call", node_type: "python.task", config: whole, ...options.fields };
    const workflow = await parseWorkflow({ id: "sandboxed", nodes: [node] }, { registry: made.registry });
    const large = { path: join(folder, "large"), sha256: SHA256_OF_HELLO, bytes: 5, kind: "str" };
    const value = { list: [1, "ü"], bytes: new Uint8Array([0, 255]), large: { $file: large } };
    const handle = await made.start(workflow, { inputs: { value } });
    const events: ExecutionEvent[] = [];
    for await (const event of handle.events()) {
      events.push(event);
      await options.onEvent?.(event);
    }
    const completed = events.find((event) => event.type === "NodeCompleted");
    return { outputs: completed?.type === "NodeCompleted" ? completed.outputs : {}, events, folder };
  });
}

/** This machine, with the engine of these tests as its Docker. */
function platform(): Platform {
  const own = getPlatform();
  return { ...own, env: (name) => name === "DOCKER_HOST" ? engine().host : own.env(name) };
}

async function inDocker(): Promise<Record<string, unknown>> {
  return { sandbox: "docker", image: await engine().python() };
}

function errorOf(events: readonly ExecutionEvent[]) {
  const failed = events.find((event) => event.type === "NodeFailed");
  assert.ok(failed?.type === "NodeFailed", "the node has failed");
  return failed.error;
}

function linesOf(events: readonly ExecutionEvent[], type: string): string[] {
  return events.flatMap((event) =>
    event.type === "NodeEvent" && event.event.event_type === type && "line" in event.event ? [event.event.line] : []
  );
}

function checkDescription({ outputs, events }: Run): void {
  const { value, words, secret } = outputs.result as Values;
  assert.deepEqual(value, { list: [1, "ü"], bytes: new Uint8Array([0, 255]), large: "hello" });
  assert.deepEqual([words, secret], [["packed", "neighbour"], null]);
  assert.deepEqual(linesOf(events, "StdoutLine"), ["in there"]);
  assert.deepEqual(linesOf(events, "StderrLine").sort(), ["complaint", "from below"]);
}

dockerTest("python.task calls functions in containers, with the modules beside them", async () => {
  checkDescription(await call("describe", await inDocker()));
  const { events, folder } = await call("fail", await inDocker());
  const { message, details } = errorOf(events);
  assert.equal(message, "LookupError: no such row");
  assert.ok(String(details?.traceback).includes(`"${folder}/functions.py", line`), "the traceback names files here");
  assert.doesNotMatch(String(details?.traceback), /flowengine\/worker/);
  const missing = errorOf((await call("need", await inDocker())).events);
  assert.match(missing.hint ?? "", /Use an image that has it/);
});

dockerTest("python.task calls a function again whose container was killed", async () => {
  let killed = 0;
  const { events } = await call("wait", await inDocker(), {
    fields: { retry_policy: { max_attempts: 2, delay_ms: 0 } },
    onEvent: async (event) => {
      if (event.type !== "NodeEvent" || event.event.event_type !== "StdoutLine") return;
      const [id] = await engine().flowContainers();
      await engine().client.act("POST", `/containers/${id}/kill`, { query: { signal: "KILL" } });
      killed++;
    },
  });
  assert.equal(killed, 2);
  const retried = events.find((event) => event.type === "NodeRetrying");
  assert.ok(retried?.type === "NodeRetrying" && retried.error.code === "killed_by_signal");
  assert.match(errorOf(events).message, /The Python worker was killed by SIGKILL/);
});

dockerTest("python.task deletes the container of a function whose time is up", async () => {
  const { events } = await call("wait", await inDocker(), { fields: { timeout_ms: 1500 } });
  assert.equal(errorOf(events).code, "timeout");
  assert.deepEqual(await engine().flowContainers(), []);
});

dockerTest("python.task says which Python an image lacks, and how a worker has ended", async () => {
  const bare = errorOf((await call("fail", { sandbox: "docker", image: engine().busybox })).events);
  assert.equal(bare.code, "program_not_found");
  assert.match(bare.message, /there is no program "python3" in the image "flow-test\/busybox/);
  const old = { ...await inDocker(), env: { PYTHONPATH: "/home/flow/path/0/old" } };
  const tooOld = errorOf((await call("fail", old)).events);
  assert.match(tooOld.message, /Python 3\.8 in the image "flow-test\/python:latest" is older than 3\.10/);
  const { message } = errorOf((await call("fail", { ...await inDocker(), package: undefined })).events);
  assert.match(message, /No module named 'flowengine'/);
  assert.match(errorOf((await call("leave", await inDocker())).events).message, /exited with code 3/);
});

sandboxTest("python.task calls functions in sandboxes of this machine and in microVMs", async () => {
  checkDescription(await call("describe", { sandbox: "local" }));
  const server = openZypiServer({ mode: "strict", images: ["python"] });
  try {
    checkDescription(await call("describe", { sandbox: "zypi", zypi_url: server.url, image: "python" }));
    assert.equal(server.vms(), 0);
  } finally {
    await server.close();
  }
});
