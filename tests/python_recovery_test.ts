import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { getPlatform } from "../platform/mod.ts";
import { runFlow, startFlow, withFiles } from "./support/cli.ts";
import { pythonTest } from "./support/python.ts";

const PACKAGE = fileURLToPath(new URL("../python", import.meta.url));

const TASKS = `
import os, subprocess, time

def work(folder):
    if os.environ["FLOW_ATTEMPT"] == "1":
        child = subprocess.Popen(["sleep", "300"], start_new_session=True)
        with open(folder + "/pids.part", "w") as file:
            file.write(f"{os.getpid()} {child.pid}")
        os.rename(folder + "/pids.part", folder + "/pids")
        time.sleep(300)
    return "attempt " + os.environ["FLOW_ATTEMPT"]
`;

async function readWhenThere(path: string): Promise<string> {
  for (let tries = 0; tries < 1500; tries++) {
    if (await getPlatform().stat(path) !== undefined) return await Deno.readTextFile(path);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail(`${path} was never written`);
}

pythonTest(
  "a Python function that was cut off by kill -9 runs again after a resume, and nothing is left of it",
  async () => {
    const files = { "tasks.py": TASKS, "work.json": {} };
    await withFiles(files, async (path) => {
      const config = { file: path("tasks.py"), function: "work", path: [PACKAGE] };
      const document = { id: "work", nodes: [{ id: "work", node_type: "python.task", config }] };
      await Deno.writeTextFile(path("work.json"), JSON.stringify(document));
      const folder = path("work.json").replace(/\/work\.json$/, "");
      const flow = startFlow([
        "run",
        path("work.json"),
        "--db",
        path("flow.db"),
        "--json",
        "--set",
        `folder=${folder}`,
      ]);
      const output = new Response(flow.stdout).text();
      const pids = (await readWhenThere(path("pids"))).split(" ").map(Number);
      flow.kill("SIGKILL");
      await Promise.all([flow.status, flow.stderr.cancel()]);
      const id = /"execution_id":"([^"]+)"/.exec(await output)?.[1] ?? assert.fail("no execution was started");

      const resumed = await runFlow(["resume", id, "--db", path("flow.db"), "--json"]);
      assert.equal(resumed.code, 0, resumed.stderr + resumed.stdout);
      assert.match(resumed.stdout, /"result":"attempt 2"/);
      assert.deepEqual(pids.map((pid) => getPlatform().startedOf(pid)), [undefined, undefined]);
    });
  },
);
