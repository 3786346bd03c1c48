import assert from "node:assert/strict";
import { runFlow } from "./support/cli.ts";
import { whyNoProgram } from "./support/installed.ts";
import { curl, withServe } from "./support/serve_process.ts";
import { withFolder } from "./support/temp_folder.ts";

const missing = whyNoProgram("curl");
if (missing !== undefined) console.warn(`flow audit is not tested with a server: ${missing}`);

Deno.test("flow tokens makes, lists and revokes tokens, and shows each only once", async () => {
  await withFolder(async (folder) => {
    const flow = (...args: string[]) => runFlow([...args, "--db", `${folder}/flow.db`]);
    assert.match((await flow("tokens")).stderr, /There are no tokens/);
    const created = await flow("tokens", "create", "--name", "nightly \u001b[31m", "--expires", "90d");
    const token = created.stdout.trim();
    const [, id = ""] = /^flow_([0-9a-f]{12})_[0-9a-f]{64}$/.exec(token) ?? [];
    assert.match(created.stderr, new RegExp(`flow tokens revoke ${id}`));
    const shown = await flow("tokens", "list");
    assert.match(shown.stdout, new RegExp(`^${id} +operator +until \\d{4}-.* +never +nightly`, "m"));
    assert.ok(!shown.stdout.includes("\u001b"), "names cannot control the terminal");
    const [listed] = JSON.parse((await flow("tokens", "list", "--json")).stdout);
    assert.deepEqual([listed.id, listed.role, listed.last_used_at, listed.revoked_at], [id, "operator", null, null]);
    assert.ok(!JSON.stringify(listed).includes(token.slice(-64)));
    assert.equal((await flow("tokens", "revoke", id)).code, 0);
    assert.match((await flow("tokens")).stdout, / revoked /);
    const again = await flow("tokens", "revoke", token);
    assert.equal(again.code, 4);
    assert.ok(!again.stderr.includes(token), "errors do not repeat a token");
    assert.equal((await flow("tokens", "create", "--role", "root")).code, 2);
  });
});

Deno.test({
  name: "flow audit tells who changed what, the newest first",
  ignore: missing !== undefined,
  fn: () =>
    withFolder((folder) =>
      withServe({ folder }, async ({ url }) => {
        await curl(`${url}/api/workflows/w`, "-X", "DELETE");
        await curl(`${url}/api/executions/e/cancel`, "-X", "POST");
        const audit = (...args: string[]) => runFlow(["audit", "--db", `${folder}/flow.db`, ...args]);
        const { stdout } = await audit();
        assert.match(
          stdout,
          /anybody +admin +127\.0\.0\.1 +404 +POST \/api\/executions\/e\/cancel\n.* 404 +DELETE \/api\/w/,
        );
        const entries = JSON.parse((await audit("--limit", "1", "--json")).stdout);
        assert.deepEqual(entries.map((entry: { action: string }) => entry.action), ["POST /api/executions/e/cancel"]);
      })
    ),
});
