import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withRestartableServe } from "./support/restartable_serve.ts";
import { ROOT } from "./support/shell.ts";

const SCRIPT = `
import { connect } from "./client.mjs";

const client = connect(process.argv[2]);
const execution = await client.start({
  nodes: [{ id: "hello", node_type: "shell.exec", config: { command: "echo", args: ["hello"], stream_output: true } }],
});
const types = [];
for await (const { type } of execution.events()) types.push(type);
const { status, outputs } = await execution.result;
console.log(JSON.stringify({ last: types.at(-1), status, stdout: outputs.hello.stdout }));
await client.executions.get("nobody").catch((error) => console.log(error.code));
`;

/** Why the client cannot be tried in Node here; undefined if it can. */
async function whyNoNode(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    const version = new TextDecoder().decode(stdout).trim();
    // What the client needs is AbortSignal.any.
    return Number(/^v(\d+)/.exec(version)?.[1]) >= 20 ? undefined : `node is too old: ${version}`;
  } catch {
    return "node is not installed";
  }
}

const missing = await whyNoNode();
if (missing !== undefined) console.log(`skipped: the client in Node (${missing})`);

Deno.test({
  name: "the client runs in Node, bundled as for a browser",
  ignore: missing !== undefined,
  async fn() {
    await withRestartableServe({}, async (server) => {
      const bundle = await new Deno.Command(Deno.execPath(), {
        args: [
          "bundle",
          "--platform",
          "browser",
          "-o",
          server.path("client.mjs"),
          join(ROOT, "server/client/connect.ts"),
        ],
        cwd: ROOT,
      }).output();
      assert.ok(bundle.success, new TextDecoder().decode(bundle.stderr));
      await writeFile(server.path("use.mjs"), SCRIPT);
      const { success, stdout, stderr } = await new Deno.Command("node", {
        args: [server.path("use.mjs"), server.url],
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const [result, code] = new TextDecoder().decode(stdout).trim().split("\n");
      assert.deepEqual(JSON.parse(result ?? ""), { last: "WorkflowCompleted", status: "succeeded", stdout: "hello" });
      assert.equal(code, "not_found");
    });
  },
});
