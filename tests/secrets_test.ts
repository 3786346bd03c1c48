import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { runFlow, runFlowInTerminal, whyNoTerminal, withFiles } from "./support/cli.ts";

const VALUE = "s3cr3t-value";

const WORKFLOW = {
  id: "w",
  name: "Length",
  nodes: [{
    id: "length",
    node_type: "shell.exec",
    config: { command: "sh", args: ["-c", 'printf %s "$TOKEN" | wc -c'], env: { TOKEN: "${{ secrets.TOKEN }}" } },
  }],
};

/** A folder with a workflow that tells how long its secret is, and a database of its own. */
async function withWorkflow(
  test: (
    flow: (args: string[], options?: Parameters<typeof runFlow>[1]) => ReturnType<typeof runFlow>,
    path: (
      name: string,
    ) => string,
  ) => Promise<void>,
): Promise<void> {
  await withFiles({ "w.json": WORKFLOW, "dotenv": "# mine\nTOKEN='12345'\nOTHER=\n" }, async (path) => {
    const flow = (args: string[], options: Parameters<typeof runFlow>[1] = {}) =>
      runFlow(args, { ...options, cwd: path(""), env: { FLOW_DB: path("flow.db"), ...options.env } });
    await test(flow, path);
  });
}

function lengthOf(stdout: string): number {
  return JSON.parse(stdout).length.output;
}

Deno.test("flow secrets: set, list, run and rm", () =>
  withWorkflow(async (flow, path) => {
    const missing = await flow(["run", "w.json"]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /Secret "TOKEN" is not set, and node "length" uses it/);
    assert.match(missing.stderr, /FLOW_SECRET_TOKEN.*flow secrets set TOKEN/);

    const set = await flow(["secrets", "set", "TOKEN"], { stdin: `${VALUE}\n` });
    assert.deepEqual([set.code, set.stdout], [0, ""], set.stderr);
    assert.match(set.stderr, /Stored secret "TOKEN"\n note: .*flow\.db\.key/);
    assert.equal((await stat(path("flow.db.key"))).mode & 0o777, 0o600);

    const ran = await flow(["run", "w.json"]);
    assert.equal(lengthOf(ran.stdout), VALUE.length, ran.stderr);
    assert.equal(lengthOf((await flow(["run", "w.json", "--no-store", "--quiet"])).stdout), VALUE.length);

    await writeFile(path("value"), "one\r\ntwo-lines\r\n");
    const changed = await flow(["secrets", "set", "TOKEN", "--value-file", path("value")]);
    assert.equal(changed.stderr, 'Changed secret "TOKEN"\n');
    assert.equal(lengthOf((await flow(["run", "w.json"])).stdout), "one\r\ntwo-lines".length);

    const table = await flow(["secrets"]);
    assert.match(table.stdout, /^NAME +CREATED +CHANGED +USED\nTOKEN +just now +just now +just now\n$/);
    const [entry] = JSON.parse((await flow(["secrets", "list", "--json"])).stdout);
    assert.deepEqual(Object.keys(entry), ["name", "created_at", "updated_at", "used_at"]);

    // Whatever else there is, it is not proposed to be removed in its place.
    const refused = await flow(["secrets", "rm", "OTHER"]);
    assert.match(refused.stderr, /"OTHER"\n hint: Run "flow secrets list" to see those that there are\./);
    assert.match((await flow(["secrets", "rm", "TOKEM"])).stderr, /Did you mean "TOKEN"\?/);
    assert.equal((await flow(["secrets", "rm", "TOKEN"])).stderr, 'Removed secret "TOKEN"\n');
    assert.equal((await flow(["secrets", "rm", "TOKEN"])).code, 4);
    assert.equal((await flow(["secrets", "list"])).stderr, "There are no stored secrets.\n");
  }));

Deno.test("flow run: the environment wins over a dotenv file, and that over what is stored", () =>
  withWorkflow(async (flow, path) => {
    await flow(["secrets", "set", "TOKEN"], { stdin: VALUE });
    const run = async (args: string[], env: Record<string, string> = {}) => {
      const { stdout, stderr } = await flow(["run", "w.json", ...args], { env });
      assert.notEqual(stdout, "", stderr);
      return lengthOf(stdout);
    };
    assert.equal(await run([]), VALUE.length);
    assert.equal(await run(["--secrets-file", "dotenv"]), 5);
    assert.equal(await run([], { FLOW_SECRETS_FILE: path("dotenv") }), 5);
    assert.equal(await run(["--secrets-file", "dotenv"], { FLOW_SECRET_TOKEN: "1234567" }), 7);
    assert.equal(await run([], { FLOW_SECRET_TOKEN: "" }), VALUE.length, "an empty variable counts as none");

    await writeFile(path("prefixed"), "export FLOW_SECRET_TOKEN=123456 # six\n");
    assert.equal(await run(["--secrets-file", "prefixed"]), 6);
    await writeFile(path("open"), 'TOKEN="half of it\n');
    const open = await flow(["run", "w.json", "--secrets-file", "open"]);
    assert.equal(open.code, 2);
    assert.match(open.stderr, /the value of TOKEN begins with a quote that nothing closes/);
    assert.doesNotMatch(open.stderr, /half/);
    const gone = await flow(["run", "w.json", "--secrets-file", "gone"]);
    assert.equal(gone.code, 4);
    assert.match(gone.stderr, /gone": there is no such file/);
  }));

Deno.test("flow secrets: without the right key nothing is read, changed or lost", () =>
  withWorkflow(async (flow, path) => {
    const env = { FLOW_SECRET_KEY: "a passphrase of mine" };
    await flow(["secrets", "set", "TOKEN"], { stdin: VALUE, env });
    await assert.rejects(stat(path("flow.db.key")), "with FLOW_SECRET_KEY there is no key file");
    assert.equal(lengthOf((await flow(["run", "w.json"], { env })).stdout), VALUE.length);

    const none = await flow(["run", "w.json"]);
    assert.equal(none.code, 4);
    assert.match(none.stderr, /neither FLOW_SECRET_KEY nor key file "[^"]*flow\.db\.key"/);
    const wrong = await flow(["run", "w.json"], { env: { FLOW_SECRET_KEY: "another passphrase" } });
    assert.equal(wrong.code, 5);
    assert.match(wrong.stderr, /Cannot open secret "TOKEN": FLOW_SECRET_KEY is not the key/);
    const set = await flow(["secrets", "set", "TOKEN"], {
      stdin: "other",
      env: { FLOW_SECRET_KEY: "another passphrase" },
    });
    assert.equal(set.code, 5);
    const short = await flow(["secrets", "set", "TOKEN"], { stdin: "other", env: { FLOW_SECRET_KEY: "short" } });
    assert.equal(short.code, 2);
    assert.equal(lengthOf((await flow(["run", "w.json"], { env })).stdout), VALUE.length);
  }));

Deno.test("flow secrets: a key file that others may read is refused", () =>
  withWorkflow(async (flow, path) => {
    await flow(["secrets", "set", "TOKEN"], { stdin: VALUE });
    await chmod(path("flow.db.key"), 0o644);
    const { code, stderr } = await flow(["run", "w.json"]);
    assert.equal(code, 2);
    assert.match(stderr, /others may read it\n hint: Run "chmod 600/);
    await chmod(path("flow.db.key"), 0o600);
    assert.equal((await flow(["run", "w.json"])).code, 0);
    await writeFile(path("flow.db.key"), "not a key");
    assert.match((await flow(["run", "w.json"])).stderr, /it holds no key of 256 bits/);
  }));

Deno.test("flow secrets set: says what is wrong with a name or a value, and never takes the value as an argument", () =>
  withWorkflow(async (flow, path) => {
    const refused = async (name: string, stdin: string) => {
      const { code, stderr } = await flow(["secrets", "set", name], { stdin });
      assert.equal(code, 2);
      return stderr;
    };
    assert.match(await refused("KEY", VALUE), /FLOW_SECRET_KEY is the key of stored secrets/);
    assert.match(await refused(`TOKEN=${VALUE}`, ""), /Give only the name/);
    assert.match(await refused("TOKEN", ""), /fewer than 4 characters/);
    await writeFile(path("binary"), new Uint8Array([0xff, 0xfe, 0xfd, 0xfc]));
    const binary = await flow(["secrets", "set", "TOKEN", "--value-file", "binary"]);
    assert.match(binary.stderr, /it is not a text in UTF-8/);
    assert.equal((await flow(["secrets", "set", "TOKEN", VALUE], { stdin: "" })).code, 2);
  }));

const missing = whyNoTerminal();
if (missing !== undefined) console.log(`The terminal test of flow secrets is skipped: ${missing}`);

Deno.test({
  name: "flow secrets set: asks for the value on a terminal without showing it",
  ignore: missing !== undefined,
  fn: () =>
    withWorkflow(async (flow, path) => {
      const env = { FLOW_DB: path("flow.db") };
      const typed = await runFlowInTerminal(["secrets", "set", "TOKEN"], {
        env,
        steps: [["not shown", `send:wrong\\x15${VALUE}x\\x7f\\r`]],
      });
      assert.equal(typed.code, 0, typed.raw);
      assert.match(typed.raw, /Value of TOKEN \(it is not shown\): \r?\n[^]*Stored secret "TOKEN"/);
      assert.ok(!typed.raw.includes(VALUE.slice(0, 4)) && !typed.raw.includes("wrong"), typed.raw);
      assert.equal(lengthOf((await flow(["run", "w.json"])).stdout), VALUE.length);

      const given = await runFlowInTerminal(["secrets", "set", "TOKEN"], {
        env,
        steps: [["not shown", "send:other\\x03"]],
      });
      assert.equal(given.code, 130, given.raw);
      assert.equal(lengthOf((await flow(["run", "w.json"])).stdout), VALUE.length);
      assert.ok(!(await readFile(path("flow.db"), "latin1")).includes(VALUE));
    }),
});
