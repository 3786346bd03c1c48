import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { runFlow, shellWorkflow } from "./support/cli.ts";
import { withFlowServer } from "./support/flow_server.ts";
import { type ServeProcess, withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

const isUnix = Deno.build.os !== "windows";

async function start({ url }: ServeProcess, workflow: object): Promise<string> {
  const response = await fetch(`${url}/api/executions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ workflow }),
  });
  const { execution_id } = await response.json();
  assert.equal(response.status, 202);
  return execution_id;
}

// deno-lint-ignore no-explicit-any -- what comes from outside
async function get({ url }: Pick<ServeProcess, "url">, path: string): Promise<any> {
  return await (await fetch(`${url}${path}`)).json();
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it has not come about");
}

Deno.test({
  name: "what waits says why, and after kill -9 it waits again and runs within the limits",
  ignore: !isUnix,
  fn: () =>
    withFolder(async (folder) => {
      const flags = ["--max-executions", "3", "--max-executions-per-workflow", "2"];
      const command = `echo x >> ${folder}/began; until test -e ${folder}/go; do sleep 0.05; done`;
      const workflow = (id: string) => ({ ...shellWorkflow({ wait: command }), id });
      const began = async () => (await Deno.readTextFile(`${folder}/began`).catch(() => "")).length / 2;
      const ids: string[] = [];
      await withServe({ folder, flags }, async (server) => {
        for (const id of ["a", "a", "a", "b", "c"]) ids.push(await start(server, workflow(id)));
        await waitUntil(async () => await began() === 3);
        const { queued, status, nodes } = await get(server, `/api/executions/${ids[2]}`);
        assert.deepEqual([status, nodes[0].status], ["running", "waiting"]);
        assert.deepEqual(queued, {
          position: 2,
          reason: "The workflow has 2 running executions, its limit; 0 of it are before this one",
        });
        const queue = await get(server, "/api/queue");
        assert.deepEqual([queue.running, queue.waiting], [3, 2]);
        assert.deepEqual(queue.executions.map((it: { execution_id: string }) => it.execution_id), [ids[4], ids[2]]);
        assert.equal((await get(server, `/api/executions/${ids[0]}`)).queued, undefined);
        server.kill("SIGKILL");
        await server.ended;
      });
      await Deno.remove(`${folder}/began`);
      await withServe({ folder, flags }, async (server) => {
        await waitUntil(async () => (await get(server, "/api/queue")).waiting === 2 && await began() === 3);
        await Deno.writeTextFile(`${folder}/go`, "");
        await waitUntil(async () => {
          const { executions } = await get(server, "/api/executions?status=succeeded");
          return executions.length === 5;
        });
        assert.equal(await began(), 5);
        const queue = await get(server, "/api/queue");
        assert.deepEqual(queue, { running: 0, waiting: 0, executions: [] });
      });
    }),
});

Deno.test({
  name: "SIGTERM begins nothing that waits",
  ignore: !isUnix,
  fn: () =>
    withFolder(async (folder) => {
      const flags = ["--max-executions", "2", "--grace", "20s"];
      const list = async () => {
        const { stdout } = await runFlow(["executions", "list", "--json", "--db", `${folder}/flow.db`]);
        return JSON.parse(stdout) as { workflow_id: string; status: string; last_seq: number }[];
      };
      await withServe({ folder, flags }, async (server) => {
        for (const id of ["a", "b", "c"]) {
          const command = `touch ${folder}/began-${id}; until test -e ${folder}/go-${id}; do sleep 0.05; done`;
          await start(server, { ...shellWorkflow({ wait: command }), id });
        }
        for (const id of ["a", "b"]) {
          await waitUntil(() => Deno.stat(`${folder}/began-${id}`).then(() => true, () => false));
        }
        server.kill("SIGTERM");
        await waitUntil(() => Promise.resolve(server.said().includes("Waiting for 2 running nodes")));
        // There is room for another from here on, while the server still waits for the last one.
        await Deno.writeTextFile(`${folder}/go-a`, "");
        await waitUntil(async () => (await list()).some(({ status }) => status === "succeeded"));
        await Deno.writeTextFile(`${folder}/go-b`, "");
        assert.equal((await server.ended).code, 0, server.said());
      });
      const waiting = (await list()).find(({ workflow_id }) => workflow_id === "c");
      assert.deepEqual([waiting?.status, waiting?.last_seq], ["interrupted", 0], "nothing was recorded");
    }),
});

Deno.test("/ready tells that the database cannot be written, and that it can again", async () => {
  await withFolder((folder) =>
    withServe({ folder, env: { FLOW_TOKEN: "t".repeat(32) } }, async ({ url }) => {
      const answer = async () => {
        const response = await fetch(`${url}/ready`);
        return [response.status, await response.json()];
      };
      assert.deepEqual(await answer(), [200, { status: "ready" }]);
      const other = new DatabaseSync(`${folder}/flow.db`);
      try {
        other.exec("BEGIN IMMEDIATE");
        await waitUntil(async () => (await answer())[0] === 503);
        assert.deepEqual(await answer(), [503, { status: "not_ready", reason: "The database cannot be written" }]);
        assert.equal((await get({ url }, "/health")).status, "healthy");
        other.exec("ROLLBACK");
      } finally {
        other.close();
      }
      await waitUntil(async () => (await answer())[0] === 200);
    })
  );
});

Deno.test("/ready is 503 from the moment that the server begins to end", async () => {
  await withFlowServer({}, async ({ url, startClosing }) => {
    assert.equal((await fetch(`${url}/ready`).then((it) => it.json())).status, "ready");
    startClosing();
    const response = await fetch(`${url}/ready`);
    assert.equal(response.status, 503);
    assert.equal((await response.json()).reason, "The server is about to end");
  });
});
