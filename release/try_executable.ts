/**
 * Runs the executable for this machine as its users would: `deno run -A release/try_executable.ts FOLDER`, with the folder
 * that `deno task compile` has filled. It is the one test that needs the real runtime in it.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import config from "../deno.json" with { type: "json" };
import { fileName, hostTarget } from "./targets.ts";
import { withServer } from "./with_server.ts";

/** Without a shell, so that it runs on Windows too. */
const WORKFLOW = {
  id: "smoke",
  nodes: [
    { id: "own", node_type: "own.double", inputs: { value: 21 } },
    { id: "program", node_type: "shell.exec", config: { command: "node", args: ["-p", "6 * 7"] } },
    { id: "log", node_type: "debug.log", depends_on: ["own", "program"] },
  ],
};

const NODES = `import { defineNode, z } from "flowengine";
import * as zod from "zod";
export const nodes = [defineNode({
  type: "own.double", version: 1, summary: "Double", category: "own",
  config: {}, inputs: { value: zod.number() }, outputs: { result: z.number() },
  run: ({ inputs }) => ({ result: inputs.value * 2 }),
})];
`;

/** Has types that have to be taken out, not only read over. */
const BUILT = `import { type NodeContext, task, workflow } from "flowengine";
interface Half { of: number }
enum Unit { One = 1 }
const half = task(({ of }: Half, _: NodeContext): number => (of as number) / 2 * Unit.One, { name: "half" });
const wf = workflow("built");
wf.add("half", half, { of: 84 });
export default wf;
`;

const PYTHON = { nodes: [{ id: "py", node_type: "python.task", config: { file: "f.py", function: "f" } }] };

/** What was run, for the log. */
type Check = [name: string, run: (flow: Flow, folder: string) => Promise<void>];
type Flow = (...args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;

const CHECKS: readonly Check[] = [
  ["flow --version names the version and the system", async (flow) => {
    const { stdout } = await flow("--version");
    assert.match(stdout, new RegExp(`^flow ${RegExp.escape(config.version)} \\([0-9a-f]+.*, ${hostTarget().name}\\)`));
  }],
  ["a workflow runs, with a node type of the user's own", async (flow, folder) => {
    await writeFile(join(folder, "smoke.json"), JSON.stringify(WORKFLOW));
    await writeFile(join(folder, "nodes.js"), NODES);
    const { code, stdout, stderr } = await flow("run", "smoke.json", "--nodes", "nodes.js");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /log/);
  }],
  ["it is remembered, and can be run again", async (flow) => {
    assert.match((await flow("executions")).stdout, /succeeded/);
    const { code, stderr } = await flow("rerun", "last", "--from", "log", "--nodes", "nodes.js");
    assert.equal(code, 0, stderr);
  }],
  ["a workflow that was built in TypeScript runs", async (flow, folder) => {
    await writeFile(join(folder, "built.ts"), BUILT);
    const { code, stdout, stderr } = await flow("run", "built.ts", "--no-store");
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).half.result, 42);
  }],
  ["a Python function runs without pip", async (flow, folder) => {
    await writeFile(join(folder, "python.json"), JSON.stringify(PYTHON));
    await writeFile(join(folder, "f.py"), "def f():\n  return 42\n");
    const { code, stdout, stderr } = await flow("run", "python.json");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /42/);
  }],
  ["what is loaded later is there", async (flow) => {
    for (const args of [["nodes"], ["schema"], ["init"], ["validate", "workflow.yaml"], ["doctor"], ["tokens"]]) {
      const { code, stderr } = await flow(...args);
      assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    }
  }],
  ["errors tell where they come from in the sources", async (flow) => {
    const { code, stderr } = await flow("run", "none.json", "--debug");
    assert.equal(code, 4);
    assert.match(stderr, /cli\/\w+\.ts:\d+/);
  }],
];

/** Prints what works, one line each. @throws {assert.AssertionError} at the first thing that does not */
async function tryExecutable(folderOfExecutable: string): Promise<void> {
  const executable = resolve(folderOfExecutable, fileName(hostTarget()));
  const folder = await mkdtemp(join(tmpdir(), "flow-smoke-"));
  const flow: Flow = async (...args) => {
    const env = { NO_COLOR: "1", FLOW_DB: join(folder, "flow.db"), FLOW_CACHE_DIR: join(folder, "cache") };
    const { code, stdout, stderr } = await new Deno.Command(executable, { args, env, cwd: folder }).output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  };
  try {
    for (const [name, run] of CHECKS) {
      await run(flow, folder);
      console.log(`ok: ${name}`);
    }
    await checkServer(executable, folder);
    console.log("ok: it serves, and ends when it is told to");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkServer(executable: string, folder: string): Promise<void> {
  const args = ["serve", "--port", "0", "--db", join(folder, "server.db")];
  await withServer({ program: executable, args, cwd: folder }, async (url) => {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(30_000) });
    assert.equal((await answer.json()).version, config.version);
  });
}

if (import.meta.main) await tryExecutable(Deno.args[0] ?? "dist");
