import assert from "node:assert/strict";
import { readFile, rename } from "node:fs/promises";
import { runFlow, withFiles } from "./support/cli.ts";

const JOBS = `
import { appendFileSync } from "node:fs";
import { task, workflow } from "flowengine";

const note = task(({ text }: { text: string }) => {
  appendFileSync(new URL("ran.txt", import.meta.url), text + "\\n");
  return text;
}, { name: "note" });
const crash = task(({ text }: { text: string }) => {
  if (Deno.env.get("CRASH")) Deno.kill(Deno.pid, "SIGKILL");
  return text.toUpperCase();
}, { name: "crash" });

const wf = workflow("jobs", { inputs: { text: { type: "string", default: "hello" } } });
const first = wf.add("first", note, { text: wf.input("text") });
wf.add("second", crash, { text: first.result });
export default wf;
`;

Deno.test("flow run FILE runs a workflow that was built in TypeScript, with its functions", async () => {
  await withFiles({ "jobs.ts": JOBS }, async (path) => {
    const run = (...args: string[]) => runFlow(args, { cwd: path("") });
    const { code, stdout, stderr } = await run("run", "jobs.ts", "--no-store", "--set", "text=hi");
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { second: { result: "HI" } });
    assert.match((await run("validate", "jobs.ts")).stdout + stderr, /jobs\.ts: valid, 2 nodes/);
    const refused = await run("run", "jobs.ts", "--no-store", "--set", "txet=hi");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /txet/);
  });
});

Deno.test("flow convert writes the document of a built workflow, which needs --nodes for its functions", async () => {
  await withFiles({ "jobs.ts": JOBS }, async (path) => {
    const run = (...args: string[]) => runFlow(args, { cwd: path("") });
    assert.equal((await run("convert", "jobs.ts", "--output", "jobs.json")).code, 0);
    const without = await run("run", "jobs.json", "--no-store");
    assert.equal(without.code, 2);
    assert.match(without.stderr, /Node "first" has an unknown type: "task.note"/);
    const { code, stdout, stderr } = await run("run", "jobs.json", "--no-store", "--nodes", "jobs.ts");
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { second: { result: "HELLO" } });
  });
});

Deno.test("flow resume goes on with functions in another process, if it is given their code", async () => {
  await withFiles({ "jobs.ts": JOBS }, async (path) => {
    const run = (args: string[], env = {}) => runFlow([...args, "--db", "flow.db"], { cwd: path(""), env });
    // It dies before all that it says has been written, its id maybe among it.
    const killed = await run(["run", "jobs.ts"], { CRASH: "1" });
    assert.equal(killed.code, 137, killed.stderr);

    await rename(path("jobs.ts"), path("moved.ts"));
    const without = await run(["resume", "last"]);
    assert.equal(without.code, 2, without.stderr);
    assert.match(without.stderr, /unknown type: "task\.note"/);
    assert.match(without.stderr, /Give the engine the code under the same name.*--nodes FILE/);

    const { code, stdout, stderr } = await run(["resume", "last", "--nodes", "moved.ts"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { second: { result: "HELLO" } });
    assert.equal(await readFile(path("ran.txt"), "utf8"), "hello\n", "the first function ran once");
  });
});
