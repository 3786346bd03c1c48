import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { whyNoProgram } from "./support/installed.ts";
import { curl, type ServeProcess, withJson, withServe } from "./support/serve_process.ts";
import { shellWorkflow } from "./support/cli.ts";
import { readPid } from "./support/processes.ts";
import { withFolder } from "./support/temp_folder.ts";

const missing = whyNoProgram("curl");
if (missing !== undefined) console.warn(`The tests of the HTTP API are skipped: ${missing}`);

function test(name: string, run: (server: ServeProcess, folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: missing !== undefined,
    fn: () => withFolder((folder) => withServe({ folder }, (server) => run(server, folder))),
  });
}

const HELLO = { id: "hello", nodes: [{ id: "echo", node_type: "shell.exec", config: { command: "cat" } }] };

test("/health answers exactly what monitors expect", async ({ url }) => {
  const { status, json, headers } = await curl(`${url}/health`);
  assert.equal(status, 200);
  assert.deepEqual(json, { status: "healthy", version: config.version, service: "flowengine" });
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
});

test("workflows are created, read, listed, changed and deleted", async ({ url }) => {
  const created = await curl(`${url}/api/workflows`, ...withJson(HELLO));
  assert.equal(created.status, 201);
  assert.deepEqual(created.json, { id: "hello", message: "Workflow created" });
  assert.equal(created.headers.get("location"), "/api/workflows/hello");
  assert.equal((await curl(`${url}/api/workflows`, ...withJson(HELLO))).status, 409);

  const { json: listed } = await curl(`${url}/api/workflows`);
  assert.deepEqual(listed, [{ id: "hello", name: "hello", description: null, nodes: 1, connections: 0 }]);

  const read = await curl(`${url}/api/workflows/hello`);
  assert.equal(read.json.nodes[0].config.command, "cat");
  const etag = read.headers.get("etag") ?? "";
  assert.equal((await curl(`${url}/api/workflows/hello`, "-H", `If-None-Match: ${etag}`)).status, 304);
  const tagged = await curl(`${url}/api/workflows/hello?values=tagged`);
  assert.deepEqual(tagged.json.nodes[0].config.command, { type: "String", value: "cat" });

  const put = (...args: string[]) => curl(`${url}/api/workflows/hello`, "-X", "PUT", ...args);
  const changed = { name: "Changed", nodes: HELLO.nodes };
  const updated = await put("-H", `If-Match: ${etag}`, ...withJson(changed));
  assert.deepEqual([updated.status, updated.json], [200, { id: "hello", message: "Workflow updated" }]);
  assert.notEqual(updated.headers.get("etag"), etag);
  const late = await put("-H", `If-Match: ${etag}`, ...withJson(HELLO));
  assert.deepEqual([late.status, late.json.code], [412, "precondition_failed"]);
  assert.equal((await put("-H", "If-None-Match: *", ...withJson(HELLO))).status, 412);
  assert.equal((await curl(`${url}/api/workflows/hello?version=1`)).json.name, "hello");

  const remove = (...args: string[]) => curl(`${url}/api/workflows/hello`, "-X", "DELETE", ...args);
  assert.equal((await remove("-H", `If-Match: ${etag}`)).status, 412);
  assert.deepEqual((await remove()).json, { message: "Workflow deleted" });
  assert.equal((await remove()).status, 404);
  assert.equal((await put("-H", "If-None-Match: *", ...withJson(HELLO))).status, 201);
  assert.equal((await put("-H", `If-Match: ${etag}`, ...withJson(changed))).status, 412, "the first one is gone");
});

test("a workflow that cannot run is refused with all its problems", async ({ url }) => {
  const text = '{"nodes": [\n{"id": "a", "node_type": "shell.exex"},\n{"id": "a", "node_type": "debug.log", "x": 1}]}';
  const { status, json } = await curl(`${url}/api/workflows`, "-H", "Content-Type: application/json", "-d", text);
  assert.equal(status, 422);
  assert.equal(json.code, "invalid_workflow");
  assert.deepEqual(
    json.issues.map((issue: { code: string; line: number }) => [issue.code, issue.line]).sort(),
    [["duplicate_node", 3], ["unknown_key", 3], ["unknown_node_type", 2]],
  );
  assert.equal(json.issues[0].hint, 'Did you mean "shell.exec"?');
});

test("workflows may be sent in YAML", async ({ url }) => {
  const yaml = "id: y\nnodes:\n  - {id: a, node_type: debug.log}\n";
  const sent = await curl(`${url}/api/workflows`, "-H", "Content-Type: application/yaml", "--data-binary", yaml);
  assert.equal(sent.status, 201, sent.text);
});

test("executing a workflow answers when it is done, or at once", async ({ url }) => {
  await curl(`${url}/api/workflows`, ...withJson(HELLO));
  const execute = `${url}/api/workflows/hello/execute`;
  const done = await curl(execute, ...withJson({ inputs: { stdin: { type: "String", value: "21" } } }));
  assert.equal(done.status, 200);
  assert.deepEqual(Object.keys(done.json), ["execution_id", "completed_nodes", "total_nodes", "status", "outputs"]);
  assert.deepEqual([done.json.completed_nodes, done.json.total_nodes, done.json.status], [1, 1, "succeeded"]);
  assert.equal(done.json.outputs.echo.stdout, "21");
  const tagged = await curl(`${execute}?values=tagged`, ...withJson({ inputs: { stdin: "x" } }));
  assert.deepEqual(tagged.json.outputs.echo.value.stdout, { type: "String", value: "x" });
  const begun = await curl(`${execute}?wait=false`, ...withJson({}));
  assert.equal(begun.status, 202);
  assert.deepEqual(Object.keys(begun.json), ["execution_id"]);
  assert.equal(begun.headers.get("location"), `/api/executions/${begun.json.execution_id}`);
  assert.equal((await curl(`${url}/api/workflows/nothing/execute`, ...withJson({}))).status, 404);
  assert.equal((await curl(execute, ...withJson({ input: {} }))).status, 400);
});

test("a document can be run without saving it, and only up to a node", async ({ url }) => {
  const workflow = shellWorkflow({ a: "echo 1", b: "cat; exit 3", c: "echo 3" }, ["a > b", "b > c"]);
  const run = async (request: unknown) => (await curl(`${url}/api/executions?wait=true`, ...withJson(request))).json;
  assert.equal((await run({ workflow })).status, "failed");
  const partly = await run({ workflow, until: "a" });
  assert.deepEqual([partly.status, partly.total_nodes, partly.outputs.a.stdout], ["succeeded", 1, "1"]);
  assert.equal((await run({ workflow, until: "x" })).code, "invalid_argument");
  assert.equal((await run({ workflow: "nodes: [{id: a, node_type: debug.log}]" })).status, "succeeded");
  assert.equal((await run({})).code, "invalid_argument");
  assert.equal((await run({ workflow, workflow_id: "w" })).code, "invalid_argument");
});

test("an execution shows its nodes, its outputs, its lines and why it went as it did", async ({ url }) => {
  const workflow = shellWorkflow({ good: "echo one; echo two >&2", bad: "exit 3" });
  const { json: { execution_id } } = await curl(`${url}/api/executions?wait=true`, ...withJson({ workflow }));
  const { json: shown } = await curl(`${url}/api/executions/${execution_id}?include=workflow`);
  const [good, bad] = shown.nodes;
  assert.equal(shown.status, "failed");
  assert.deepEqual([good.node_id, good.attempt], ["good", 1]);
  assert.deepEqual([bad.status, bad.error.code, bad.error.details.exit_code], ["failed", "exit_code", 3]);
  assert.equal(shown.workflow.nodes.length, 2);
  const lines = async (query: string) =>
    (await curl(`${url}/api/executions/${execution_id}/logs${query}`)).json.lines.map((
      it: { event: { line: string } },
    ) => it.event.line);
  assert.deepEqual((await lines("")).sort(), ["one", "two"]);
  assert.deepEqual(await lines("?stream=stderr"), ["two"]);
  assert.deepEqual(await lines("?node=bad"), []);
  assert.equal((await curl(`${url}/api/executions/${execution_id}/logs?node=goad`)).json.hint, 'Did you mean "good"?');
  const { json: explained } = await curl(`${url}/api/executions/${execution_id}/explain`);
  assert.equal(explained.nodes.length, 2);
  assert.equal((await curl(`${url}/api/executions/nothing`)).status, 404);
});

test("executions are listed page by page, the newest first", async ({ url }) => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const id = i % 2 === 0 ? "even" : "odd";
    const workflow = { id, nodes: [{ id: "a", node_type: "debug.log" }] };
    ids.unshift((await curl(`${url}/api/executions?wait=true`, ...withJson({ workflow }))).json.execution_id);
  }
  const found: string[] = [];
  for (let query = "?limit=2"; query !== "";) {
    const { json } = await curl(`${url}/api/executions${query}`);
    found.push(...json.executions.map((it: { execution_id: string }) => it.execution_id));
    query = json.next_cursor === undefined ? "" : `?limit=2&cursor=${json.next_cursor}`;
  }
  assert.deepEqual(found, ids);
  assert.equal((await curl(`${url}/api/executions?workflow_id=odd&status=succeeded`)).json.executions.length, 2);
  assert.equal((await curl(`${url}/api/executions?status=failed`)).json.executions.length, 0);
  assert.equal((await curl(`${url}/api/executions?limit=0`)).status, 400);
  assert.equal((await curl(`${url}/api/executions?since=yesterday`)).status, 400);
  assert.equal((await curl(`${url}/api/executions?cursor=garbage`)).status, 400);
});

test("the same request with the same idempotency key is the same execution", async ({ url, pid: _ }, folder) => {
  await curl(
    `${url}/api/workflows`,
    ...withJson({ ...shellWorkflow({ a: `echo x >> ${folder}/runs; sleep 0.3` }), id: "w" }),
  );
  const send = (key: string, inputs: object, wait = "true") =>
    curl(`${url}/api/workflows/w/execute?wait=${wait}`, "-H", `Idempotency-Key: ${key}`, ...withJson({ inputs }));
  const answers = await Promise.all([send("k", {}), send("k", {}), send("k", {}, "true"), send("k", {})]);
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200], answers[0]?.text);
  assert.equal(new Set(answers.map(({ json }) => json.execution_id)).size, 1);
  assert.equal((await send("k", {}, "true")).json.status, "succeeded");
  assert.equal(await Deno.readTextFile(`${folder}/runs`), "x\n");
  const other = await send("k", { a: 1 });
  assert.deepEqual([other.status, other.json.code], [409, "conflict"]);
  assert.equal((await send("k2", {})).status, 200);
  assert.equal(await Deno.readTextFile(`${folder}/runs`), "x\nx\n");
  await curl(`${url}/api/workflows/w`, "-X", "DELETE");
  assert.equal((await send("k", {})).json.status, "succeeded", "it was started, whatever became of the workflow");
  assert.equal((await send("k3", {})).status, 404);
});

test("an execution is cancelled, and cannot be twice", async ({ url }) => {
  const workflow = shellWorkflow({ a: "sleep 60" });
  const { json: { execution_id } } = await curl(`${url}/api/executions`, ...withJson({ workflow }));
  const cancel = `${url}/api/executions/${execution_id}/cancel`;
  const { status, json } = await curl(`${cancel}?wait=true`, ...withJson({ reason: "Changed my mind" }));
  assert.deepEqual([status, json.status], [200, "cancelled"]);
  assert.equal((await curl(cancel, "-X", "POST")).status, 409);
  const shown = (await curl(`${url}/api/executions/${execution_id}`)).json;
  assert.match(shown.error.message, /Changed my mind/);
});

test("an execution goes on when the client that waits for it goes away", async ({ url }, folder) => {
  const workflow = shellWorkflow({ a: `echo $$ > ${folder}/pid; until test -e ${folder}/go; do sleep 0.05; done` });
  const client = new AbortController();
  const asking = assert.rejects(fetch(`${url}/api/executions?wait=true`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ workflow }),
    signal: client.signal,
  }));
  await readPid(`${folder}/pid`);
  client.abort();
  await asking;
  await Deno.writeTextFile(`${folder}/go`, "");
  for (let tries = 0; tries < 100; tries++) {
    const { json } = await curl(`${url}/api/executions`);
    if (json.executions[0]?.status === "succeeded") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it did not come to its end");
});

test("a rerun reuses what was good, with the fixed document", async ({ url }) => {
  const broken = shellWorkflow({ a: "echo $$", b: "exit 1" }, ["a > b"]);
  const first = (await curl(`${url}/api/executions?wait=true`, ...withJson({ workflow: broken }))).json;
  const before = (await curl(`${url}/api/executions/${first.execution_id}`)).json;
  assert.equal(before.status, "failed");
  const rerun = `${url}/api/executions/${first.execution_id}/rerun`;
  const workflow = shellWorkflow({ a: "echo $$", b: "cat" }, ["a > b"]);
  const plan = (await curl(`${rerun}?dry_run=true`, ...withJson({ workflow }))).json;
  assert.deepEqual(plan.nodes.map((it: { action: string }) => it.action), ["reuse", "run"]);
  const second = (await curl(`${rerun}?wait=true`, ...withJson({ workflow }))).json;
  assert.equal(second.status, "succeeded");
  const after = (await curl(`${url}/api/executions/${second.execution_id}`)).json;
  assert.equal(after.rerun_of, first.execution_id);
  assert.equal(after.nodes[0].reused_from, first.execution_id);
  assert.equal((await curl(`${rerun}`, ...withJson({ from: "x" }))).json.code, "invalid_argument");
});

test("node types are described with their schemas", async ({ url }) => {
  const { json: all } = await curl(`${url}/api/nodes`);
  const http = all.find(({ type }: { type: string }) => type === "http.request");
  for (const name of ["type", "description", "category", "config", "inputs", "outputs"]) assert.ok(name in http, name);
  assert.deepEqual((await curl(`${url}/api/nodes/http.request`)).json, http);
  const { status, json } = await curl(`${url}/api/nodes/http.reqest`);
  assert.deepEqual([status, json.hint], [404, 'Did you mean "http.request"?']);
});
