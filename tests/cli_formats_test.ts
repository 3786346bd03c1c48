import assert from "node:assert/strict";
import { chmod, lstat, readdir, readFile, stat, symlink } from "node:fs/promises";
import { runFlow, withFiles } from "./support/cli.ts";

const UGLY = "id:   a\nnodes:\n- id: x   # first\n  node_type: debug.log\n";
const NICE = "id: a\nnodes:\n  - id: x # first\n    node_type: debug.log\n";

Deno.test("flow fmt writes files anew, names those that it has changed, and leaves nothing else behind", async () => {
  await withFiles({ "ugly.yaml": UGLY, "nice.yaml": NICE, "bad.json": '{"a": 1,\n "b" 2}' }, async (path) => {
    const before = await stat(path("nice.yaml"));
    const { code, stdout, stderr } = await runFlow(["fmt", path("ugly.yaml"), path("nice.yaml")]);
    assert.deepEqual([code, stdout, stderr], [0, `${path("ugly.yaml")}\n`, "1 of 2 files changed\n"]);
    assert.equal(await readFile(path("ugly.yaml"), "utf8"), NICE);
    assert.equal((await stat(path("nice.yaml"))).ino, before.ino, "what is well is not written");
    const again = await runFlow(["fmt", path("ugly.yaml")]);
    assert.deepEqual([again.code, again.stdout, again.stderr], [0, "", "1 file checked, nothing to change\n"]);
    const bad = await runFlow(["fmt", path("bad.json"), path("nice.yaml")]);
    assert.deepEqual([bad.code, bad.stdout], [2, ""]);
    assert.match(bad.stderr, /bad\.json:2:6: error: Cannot read the JSON: expected ":"/);
    assert.deepEqual((await readdir(path(""))).sort(), ["bad.json", "nice.yaml", "ugly.yaml"]);
  });
});

Deno.test("flow fmt --check changes nothing, and ends with 3 if something would change", async () => {
  await withFiles({ "ugly.yaml": UGLY, "nice.yaml": NICE }, async (path) => {
    const { code, stdout, stderr } = await runFlow(["fmt", "--check", path("ugly.yaml"), path("nice.yaml")]);
    assert.deepEqual([code, stdout], [3, `${path("ugly.yaml")}\n`]);
    assert.match(stderr, /1 of 2 files not formatted: run "flow fmt"/);
    assert.equal(await readFile(path("ugly.yaml"), "utf8"), UGLY);
    assert.equal((await runFlow(["fmt", "--check", path("nice.yaml")])).code, 0);
  });
});

Deno.test("flow fmt - goes from stdin to stdout", async () => {
  const { code, stdout, stderr } = await runFlow(["fmt", "-"], { stdin: '// x\n{"nodes":[]}' });
  assert.deepEqual([code, stdout, stderr], [0, '// x\n{ "nodes": [] }\n', ""]);
  const missing = await runFlow(["fmt", "no_such.json"]);
  assert.equal(missing.code, 4);
  const code_ = await runFlow(["fmt", "examples/custom_node.ts"]);
  assert.equal(code_.code, 2);
  assert.match(code_.stderr, /it is code, not a document/);
});

Deno.test({
  name: "flow fmt follows links and keeps the mode of a file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withFiles({ "ugly.yaml": UGLY }, async (path) => {
      await chmod(path("ugly.yaml"), 0o640);
      await symlink(path("ugly.yaml"), path("link.yaml"));
      assert.equal((await runFlow(["fmt", path("link.yaml")])).code, 0);
      assert.ok((await lstat(path("link.yaml"))).isSymbolicLink());
      assert.equal(await readFile(path("ugly.yaml"), "utf8"), NICE);
      assert.equal((await stat(path("ugly.yaml"))).mode & 0o777, 0o640);
    });
  },
});

Deno.test("flow convert writes any format on stdout or into a file, and says what it leaves out", async () => {
  await withFiles({ "nice.yaml": NICE }, async (path) => {
    const json = await runFlow(["convert", path("nice.yaml"), "--to", "json"]);
    assert.equal(json.code, 0, json.stderr);
    assert.deepEqual(JSON.parse(json.stdout), { id: "a", nodes: [{ id: "x", node_type: "debug.log" }] });
    assert.equal(json.stderr, " note: 1 comment is left out: JSON has none\n hint: Use --to jsonc to keep them.\n");
    const file = await runFlow(["convert", path("nice.yaml"), "--output", path("out.jsonc")]);
    assert.deepEqual([file.code, file.stdout, file.stderr], [0, "", ""]);
    assert.match(await readFile(path("out.jsonc"), "utf8"), /"id": "x", \/\/ first\n/);
    const back = await runFlow(["convert", path("out.jsonc"), "--to", "yaml"]);
    assert.equal(back.stdout, NICE);
    const taken = await runFlow(["convert", path("nice.yaml"), "--output", path("out.jsonc")]);
    assert.deepEqual([taken.code, /exists already/.test(taken.stderr)], [5, true]);
    assert.equal((await runFlow(["convert", path("nice.yaml"), "--output", path("out.jsonc"), "--force"])).code, 0);
    const none = await runFlow(["convert", path("nice.yaml")]);
    assert.deepEqual([none.code, /no format was given/.test(none.stderr)], [2, true]);
  });
});

Deno.test("flow convert turns what a TypeScript module exports into a document that runs with its node types", async () => {
  await withFiles({}, async (path) => {
    const { code, stderr } = await runFlow(["convert", "examples/custom_node.ts", "--output", path("w.yaml")]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Run the document with --nodes examples\/custom_node\.ts/);
    const run = await runFlow(["run", path("w.yaml"), "--nodes", "examples/custom_node.ts", "--no-store", "--quiet"]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).count.words, 6);
  });
});

Deno.test("flow convert makes documents of flowengine plain, and back, and they run alike", async () => {
  await withFiles({}, async (path) => {
    const file = "examples/flowengine_v1.json";
    assert.equal((await runFlow(["convert", file, "--output", path("plain.yaml")])).code, 0);
    assert.doesNotMatch(await readFile(path("plain.yaml"), "utf8"), /type: String/);
    assert.equal((await runFlow(["convert", path("plain.yaml"), "--tagged", "--output", path("tagged.json")])).code, 0);
    const config = async (name: string) =>
      JSON.parse(await readFile(name, "utf8")).nodes.map((node: { config?: unknown }) => node.config);
    const root = new URL("../", import.meta.url).pathname;
    const before = (await config(root + file)).filter((one: object) =>
      one !== undefined && Object.keys(one).length > 0
    );
    const after = (await config(path("tagged.json"))).filter((one: object) =>
      one !== undefined && Object.keys(one).length > 0
    );
    assert.equal(after.length, before.length);
    assert.ok(JSON.stringify(after).includes('{"type":"String","value":'));
    const run = (name: string) => runFlow(["run", name, "--no-store", "--quiet"]);
    const [first, second] = [await run(file), await run(path("tagged.json"))];
    assert.deepEqual([second.code, second.stdout], [0, first.stdout], second.stderr);
  });
});
