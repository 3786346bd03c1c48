import assert from "node:assert/strict";
import { runFlow } from "./support/cli.ts";
import { openHttpServer } from "./support/http_server.ts";
import { withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

Deno.test("flow doctor --server says whether a server can take work, without a token", async () => {
  await withFolder(async (folder) => {
    await withServe({ folder, env: { FLOW_TOKEN: "0123456789abcdef" } }, async ({ url, kill, ended }) => {
      const { code, stdout, stderr } = await runFlow(["doctor", "--server", url]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^✓  server +${url}\n$`));
      kill("SIGKILL");
      await ended;
      const dead = await runFlow(["doctor", "--server", url, "--json"]);
      assert.equal(dead.code, 6);
      assert.deepEqual(JSON.parse(dead.stdout).checks[0].problems, ["Nobody answers there"]);
    });
  });
});

Deno.test("flow doctor --server says why a server cannot take work, and what is no server of flow", async () => {
  const answers: [answer: () => Response, problem: string][] = [
    [() => Response.json({ status: "not_ready", reason: "The disk is full" }, { status: 503 }), "The disk is full"],
    [() => new Response("<html>"), "It answers, but is no flow server"],
    [() => Response.json({ status: "ok" }), "It answered 200, not as a flow server"],
  ];
  for (const [answer, problem] of answers) {
    const server = openHttpServer(answer);
    try {
      const { code, stdout } = await runFlow(["doctor", "--server", server.url]);
      assert.equal(code, 6);
      assert.ok(stdout.includes(problem), stdout);
    } finally {
      await server.close();
    }
  }
  assert.equal((await runFlow(["doctor", "--server", "localhost:3000"])).code, 2);
});
