import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createEngine, type ExecutionEvent, parseWorkflow } from "../mod.ts";
import type { Values } from "../engine/value.ts";
import { getPlatform } from "../platform/mod.ts";
import { pythonTest } from "../tests/support/python.ts";
import { withFolder } from "../tests/support/temp_folder.ts";
import { createPythonTask } from "./python_task.ts";

const PACKAGE = fileURLToPath(new URL("../python", import.meta.url));

const FUNCTIONS = `
import logging, os, subprocess, sys, time

def greet(name, punctuation="!"):
    print(f"greeting {name}")
    logging.getLogger("greeter").info("logged")
    subprocess.run(["echo", "from a program"], check=True)
    print("no line end", end="")
    return {"text": f"Hello {name}{punctuation}", "bytes": b"\\x00\\xff", "pid": os.getpid()}

def get_pid():
    return os.getpid()

def fail():
    raise LookupError("no such row")

def leave():
    sys.exit(3)

def die_once(marker):
    if not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), 9)
    return "second attempt"

def wait(pid_file):
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    with open(pid_file, "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    time.sleep(300)

def too_exact():
    return {"rows": [2**60]}
`;

interface Run {
  status: string;
  outputs: Record<string, Values>;
  events: ExecutionEvent[];
}

/** Runs a workflow of functions of {@link FUNCTIONS}; `nodes` are their names, or nodes without a config. */
async function run(nodes: (string | Record<string, unknown>)[], inputs: Values = {}): Promise<Run> {
  return await withFolder(async (folder) => {
    const file = join(folder, "functions.py");
    await writeFile(file, FUNCTIONS);
    const node = (part: Record<string, unknown>) => ({
      node_type: "python.task",
      config: { file, function: part.id, path: [PACKAGE] },
      ...part,
    });
    const engine = createEngine({ nodes: [createPythonTask(getPlatform(), { warmWorkers: 1 })] });
    const document = { id: "python", nodes: nodes.map((part) => node(typeof part === "string" ? { id: part } : part)) };
    const workflow = await parseWorkflow(document, { registry: engine.registry });
    const handle = await engine.start(workflow, { inputs });
    const events: ExecutionEvent[] = [];
    for await (const event of handle.events()) events.push(event);
    const { status } = await handle.result;
    const outputs: Record<string, Values> = {};
    for (const event of events) if (event.type === "NodeCompleted") outputs[event.node_id] = event.outputs;
    await checkWorkersGone(events);
    return { status, outputs, events };
  });
}

async function checkWorkersGone(events: ExecutionEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type !== "NodeResource") continue;
    const left = await getPlatform().endLeftovers({ mark: String(event.resource.worker) }, 0);
    assert.equal(left, 0, "the worker is gone when the execution has ended");
  }
}

function linesOf(events: ExecutionEvent[], type: string): string[] {
  return events.flatMap((event) =>
    event.type === "NodeEvent" && event.event.event_type === type && "line" in event.event ? [event.event.line] : []
  );
}

function errorOf(events: ExecutionEvent[]) {
  const failed = events.find((event) => event.type === "NodeFailed");
  assert.ok(failed?.type === "NodeFailed", "a node has failed");
  return failed.error;
}

pythonTest("python.task passes inputs by name, and answers what the function returns", async () => {
  const { outputs } = await run(["greet"], { name: "Ada", unknown: 1 });
  const { text, bytes } = outputs.greet?.result as Values;
  assert.deepEqual([text, bytes], ["Hello Ada!", new Uint8Array([0, 255])]);
});

pythonTest("python.task streams what functions print, log and start, also without a line end", async () => {
  const { events } = await run(["greet"], { name: "Ada" });
  assert.deepEqual(linesOf(events, "StdoutLine"), ["greeting Ada", "no line end"]);
  assert.deepEqual(linesOf(events, "StderrLine").sort(), ["INFO greeter: logged", "from a program"]);
});

pythonTest("python.task calls the functions of an execution in the same process", async () => {
  const many = {
    id: "greet",
    map: { items: [1, 2, 3], max_parallel: 1 },
    inputs: { name: "x" },
    depends_on: ["get_pid"],
  };
  const { outputs } = await run(["get_pid", many]);
  const pids = (outputs.greet?.result as Values[]).map(({ pid }) => pid);
  assert.deepEqual(pids, Array(3).fill(outputs.get_pid?.result));
});

pythonTest("python.task fails with the last line of an exception, and keeps its traceback", async () => {
  const { status, events } = await run(["fail"]);
  const { message, code, details } = errorOf(events);
  assert.deepEqual([status, code, message], ["failed", "node_failed", "LookupError: no such row"]);
  assert.match(String(details?.traceback), /functions\.py", line \d+, in fail/);
  assert.doesNotMatch(String(details?.traceback), /flowengine\/worker/);
});

pythonTest("python.task treats sys.exit as a failure of the function", async () => {
  assert.equal(errorOf((await run(["leave"])).events).message, "SystemExit: 3");
});

pythonTest("python.task runs again when its worker was killed in the middle of a call", async () => {
  await withFolder(async (folder) => {
    const retry_policy = { max_attempts: 2, delay_ms: 0 };
    const { status, outputs, events } = await run([{ id: "die_once", retry_policy }], {
      marker: join(folder, "marker"),
    });
    const retry = events.find((event) => event.type === "NodeRetrying");
    assert.ok(retry?.type === "NodeRetrying" && retry.error.code === "killed_by_signal");
    assert.deepEqual([status, outputs.die_once?.result], ["succeeded", "second attempt"]);
  });
});

pythonTest("python.task ends the worker and all that the function has started when the time is up", async () => {
  await withFolder(async (folder) => {
    const pid_file = join(folder, "pids");
    const { events } = await run([{ id: "wait", timeout_ms: 2000 }], { pid_file });
    assert.equal(errorOf(events).code, "timeout");
    const isWarning = (event: ExecutionEvent) => event.type === "NodeEvent" && event.event.event_type === "Warning";
    assert.ok(!events.some(isWarning), "the engine did not have to give up on the node");
    const pids = (await Deno.readTextFile(pid_file)).split(" ").map(Number);
    assert.deepEqual(pids.map((pid) => getPlatform().startedOf(pid)), [undefined, undefined]);
  });
});

pythonTest("python.task refuses values that would change on their way", async () => {
  const { code, message } = errorOf((await run(["too_exact"])).events);
  assert.equal(code, "invalid_output");
  assert.match(message, /too_exact: cannot pass on int 1152921504606846976 at "rows\[0\]"/);
});

pythonTest(
  "python.task says what is missing: an argument, a function, the package, one of file and module",
  async () => {
    assert.match(errorOf((await run(["greet"])).events).message, /greet\(\) needs "name"/);
    assert.match(errorOf((await run(["gret"])).events).message, /has no function "gret"/);
    const bare = await run([{ id: "greet", config: { function: "greet" } }]);
    assert.match(errorOf(bare.events).message, /either module, file or code/);
    const isolated = {
      function: "greet",
      file: "x.py",
      env: { PYTHONPATH: "", PYTHONNOUSERSITE: "1" },
      python: "/bin/sh",
    };
    const { code, hint } = errorOf((await run([{ id: "greet", config: isolated }])).events);
    assert.equal(code, "invalid_config");
    assert.match(hint ?? "", /pip install flowengine/);
  },
);
