import assert from "node:assert/strict";
import { shellWorkflow } from "./support/cli.ts";
import { whyNoProgram } from "./support/installed.ts";
import { curl, type ServeProcess, withJson, withServe } from "./support/serve_process.ts";
import { isRunning, readPid } from "./support/processes.ts";
import { withFolder } from "./support/temp_folder.ts";

const missing = whyNoProgram("curl") ?? (Deno.build.os === "linux" ? undefined : "they look into /proc");
if (missing !== undefined) console.warn(`The tests of the server's life are skipped: ${missing}`);

function test(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test({ name, ignore: missing !== undefined, fn: () => withFolder(run) });
}

async function start({ url }: ServeProcess, workflow: object): Promise<string> {
  const { status, text, json } = await curl(`${url}/api/executions`, ...withJson({ workflow }));
  assert.equal(status, 202, text);
  return json.execution_id;
}

/** Waits until every execution has this status. */
async function waitFor({ url }: ServeProcess, ids: readonly string[], status: string): Promise<void> {
  const found = new Map<string, string>();
  for (let tries = 0; tries < 300; tries++) {
    const { json } = await curl(`${url}/api/executions?limit=200`);
    for (const it of json.executions) found.set(it.execution_id, it.status);
    if (ids.every((id) => found.get(id) === status)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(ids.map((id) => found.get(id)), ids.map(() => status));
}

test("after kill -9 with 20 executions in flight, all of them finish when the server is back", async (folder) => {
  const ids: string[] = [];
  await withServe({ folder }, async (server) => {
    for (let i = 0; i < 20; i++) {
      const commands = {
        a: `echo a >> ${folder}/done-${i}`,
        b: `until test -e ${folder}/go; do sleep 0.05; done`,
        c: `echo c >> ${folder}/done-${i}`,
      };
      ids.push(await start(server, shellWorkflow(commands, ["a > b", "b > c"])));
    }
    await waitFor(server, ids, "running");
    for (let i = 0; i < 20; i++) while (!(await Deno.stat(`${folder}/done-${i}`).catch(() => undefined)));
    server.kill("SIGKILL");
    await server.ended;
  });
  await Deno.writeTextFile(`${folder}/go`, "");
  await withServe({ folder }, async (server) => {
    await waitFor(server, ids, "succeeded");
    for (let i = 0; i < 20; i++) {
      assert.equal(await Deno.readTextFile(`${folder}/done-${i}`), "a\nc\n", `execution ${i}`);
    }
    const { json } = await curl(`${server.url}/api/executions/${ids[0]}`);
    assert.equal(
      json.nodes.find((node: { node_id: string }) => node.node_id === "a").attempt,
      1,
      "what was done stays",
    );
    assert.match(server.said(), /Execution \S+ goes on\./);
  });
});

test("SIGTERM lets running nodes end, starts nothing more, and the next server goes on", async (folder) => {
  let id = "";
  await withServe({ folder, flags: ["--grace", "20s"] }, async (server) => {
    const wait = `until test -e ${folder}/go; do sleep 0.05; done`;
    const commands = { a: `echo $$ > ${folder}/pid; ${wait}; echo a > ${folder}/a`, b: `echo b > ${folder}/b` };
    id = await start(server, shellWorkflow(commands, ["a > b"]));
    await readPid(`${folder}/pid`);
    server.kill("SIGTERM");
    while (!server.said().includes("Waiting for 1 running node")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Deno.writeTextFile(`${folder}/go`, "");
    assert.equal((await server.ended).code, 0, server.said());
  });
  assert.equal(await Deno.readTextFile(`${folder}/a`), "a\n");
  await assert.rejects(Deno.stat(`${folder}/b`), "it was not started any more");
  await withServe({ folder }, async (server) => {
    await waitFor(server, [id], "succeeded");
    assert.equal(await Deno.readTextFile(`${folder}/b`), "b\n");
    const { json } = await curl(`${server.url}/api/executions/${id}`);
    assert.equal(json.nodes[0].attempt, 1);
  });
});

test("when the grace period is over, or at the second signal, what runs is ended and can go on later", async (folder) => {
  for (const [flags, signals] of [[["--grace", "200ms"], 1], [["--grace", "60s"], 2]] as const) {
    await Deno.remove(`${folder}/pid`).catch(() => {});
    await withServe({ folder, flags }, async (server) => {
      await start(server, shellWorkflow({ a: `echo $$ > ${folder}/pid; exec sleep 60` }));
      const pid = await readPid(`${folder}/pid`);
      for (let i = 0; i < signals; i++) {
        server.kill("SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.equal((await server.ended).code, 0, server.said());
      assert.ok(!isRunning(pid), "nothing is left running");
    });
    await withServe({ folder }, async (server) => {
      const { json } = await curl(`${server.url}/api/executions?status=running`);
      assert.equal(json.executions.length, 1, "it goes on");
      const cancelled = await curl(
        `${server.url}/api/executions/${json.executions[0].execution_id}/cancel?wait=true`,
        "-X",
        "POST",
      );
      assert.equal(cancelled.json.status, "cancelled");
    });
  }
});

test("a client that waits for an execution is told when the server ends", async (folder) => {
  await withServe({ folder, flags: ["--grace", "100ms"] }, async (server) => {
    const workflow = shellWorkflow({ a: `echo $$ > ${folder}/pid; exec sleep 60` });
    const answer = curl(`${server.url}/api/executions?wait=true`, ...withJson({ workflow }));
    await readPid(`${folder}/pid`);
    server.kill("SIGTERM");
    const { status, json } = await answer;
    assert.deepEqual([status, json.code], [503, "interrupted"]);
  });
});

test("executions of flow run in another folder are left to flow resume", async (folder) => {
  await Deno.mkdir(`${folder}/elsewhere`);
  let id = "";
  await withServe({ folder, workdir: `${folder}/elsewhere` }, async (server) => {
    id = await start(server, shellWorkflow({ a: `echo $$ > ${folder}/pid; exec sleep 60` }));
    await readPid(`${folder}/pid`);
    server.kill("SIGKILL");
    await server.ended;
  });
  await withServe({ folder }, async (server) => {
    await waitFor(server, [id], "interrupted");
    const { status, json } = await curl(`${server.url}/api/executions/${id}/resume`, "-X", "POST");
    assert.deepEqual([status, json.hint], [409, `Run "flow resume ${id}" on the machine of the server.`]);
    assert.equal(
      (await curl(`${server.url}/api/executions/${id}/cancel?wait=true`, "-X", "POST")).json.status,
      "cancelled",
    );
  });
});

test("flow serve speaks TLS", async (folder) => {
  const make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const { success } = await new Deno.Command("openssl", {
    args: [
      ...make,
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      `${folder}/key.pem`,
      "-out",
      `${folder}/cert.pem`,
    ],
    stderr: "null",
  }).output();
  assert.ok(success);
  await withServe(
    { folder, flags: ["--cert", `${folder}/cert.pem`, "--key", `${folder}/key.pem`] },
    async ({ url }) => {
      assert.match(url, /^https:/);
      const { status, headers } = await curl(`${url}/health`, "--cacert", `${folder}/cert.pem`);
      assert.deepEqual([status, headers.get("strict-transport-security")], [200, "max-age=31536000"]);
    },
  );
});
