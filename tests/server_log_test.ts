import assert from "node:assert/strict";
import { shellWorkflow } from "./support/cli.ts";
import { type ServeProcess, withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

const TOKEN = "a-token-of-the-admin-for-this-test";

async function run({ url }: ServeProcess, command: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${url}/api/executions?wait=true&token=in-a-query`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ workflow: shellWorkflow({ a: command }), inputs: { password: "in-an-input" } }),
  });
}

/** All that was said, when the server has ended. */
async function endAndRead(server: ServeProcess): Promise<string> {
  server.kill("SIGTERM");
  assert.equal((await server.ended).code, 0, server.said());
  return server.said();
}

Deno.test("--log-format json: requests and executions are objects with ids, and nothing secret", async () => {
  await withFolder((folder) =>
    withServe({ folder, flags: ["--log-format", "json"], env: { FLOW_TOKEN: TOKEN } }, async (server) => {
      const first = await run(server, "false", { "X-Request-Id": "proxy-1:a.b_c" });
      assert.equal(first.headers.get("x-request-id"), "proxy-1:a.b_c");
      const { execution_id } = await first.json();
      const second = await run(server, "true", { "X-Request-Id": "no good id" });
      const made = second.headers.get("x-request-id") ?? "";
      assert.match(made, /^[0-9a-f-]{36}$/);
      await second.body?.cancel();
      await (await fetch(`${server.url}/api/executions/${execution_id}`)).body?.cancel();
      const said = await endAndRead(server);
      const lines = said.trim().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(lines[0].message, "listening");
      const { time, duration_ms, address, ...request } = lines.find((it) => it.request_id === "proxy-1:a.b_c");
      assert.deepEqual(request, {
        level: "info",
        message: "request",
        request_id: "proxy-1:a.b_c",
        method: "POST",
        route: "/api/executions",
        status: 200,
        principal: "FLOW_TOKEN",
        execution_id,
      });
      assert.ok(!Number.isNaN(Date.parse(time)) && duration_ms > 0 && address === "127.0.0.1");
      assert.ok(lines.some((it) => it.request_id === made));
      const [started, ended] = lines.filter((it) => it.execution_id === execution_id && /^execution/.test(it.message));
      assert.deepEqual([started.message, started.workflow_id], ["execution started", "test"]);
      assert.deepEqual([ended.level, ended.message, ended.status, ended.code], [
        "warn",
        "execution ended",
        "failed",
        "node_failed",
      ]);
      const refused = lines.find((it) => it.status === 401);
      assert.deepEqual([refused.route, refused.principal], ["/api/executions/{id}", undefined]);
      assert.doesNotMatch(said, /a-token-of|in-a-query|in-an-input/);
    })
  );
});

Deno.test("a client cannot make up lines of the log", async () => {
  await withFolder((folder) =>
    withServe({ folder, env: { FLOW_LOG_FORMAT: "text" } }, async (server) => {
      const id = "x%0a2030-01-01T00:00:00.000Z%20error%20made%20up";
      await (await fetch(`${server.url}/api/executions/${id}`)).body?.cancel();
      const said = await endAndRead(server);
      assert.match(said, /Z info request request_id=\S+ method=GET route=\/api\/executions\/\{id\} status=404 /);
      assert.doesNotMatch(said, /^\S+ error/m);
    })
  );
});

Deno.test("--quiet logs only what went wrong", async () => {
  await withFolder((folder) =>
    withServe({ folder, flags: ["--quiet"], env: { FLOW_TOKEN: TOKEN } }, async (server) => {
      for (const command of ["true", "false"]) await (await run(server, command)).body?.cancel();
      const lines = (await endAndRead(server)).trim().split("\n");
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0] ?? "", /^\S+ warn execution ended execution_id=\S+ status=failed .*code=node_failed/);
    })
  );
});

Deno.test("a format that there is not is refused before anything listens", async () => {
  await withFolder(async (folder) => {
    const serving = withServe({ folder, env: { FLOW_LOG_FORMAT: "xml" } }, () => Promise.resolve());
    await assert.rejects(serving, /Cannot log in the format "xml" of FLOW_LOG_FORMAT/);
  });
});
