import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { runFlow, withFiles } from "./support/cli.ts";
import { ROOT, runShell } from "./support/shell.ts";

const PAGE = "docs/custom_nodes.md";
const blocks = codeBlocks(await readFile(join(ROOT, PAGE), "utf8"));
/** The files that the page shows, by name. */
const files = Object.fromEntries(blocks.flatMap(({ info, code }) => {
  const [, name] = /^(?:ts|json|yaml) (\S+)$/.exec(info) ?? [];
  return name === undefined ? [] : [[name, code]];
}));
const DENO = `--config "${join(ROOT, "deno.json")}" --check`;

function withPage(work: (folder: string) => Promise<void>): Promise<void> {
  return withFiles(files, (path) => work(path("")));
}

Deno.test(`${PAGE}: every block is a file, a command or an output that is tested`, () => {
  const known = blocks.filter(({ info }) => /^(ts|json|yaml) \S+$|^sh$|^text output of use\.ts$/.test(info));
  assert.deepEqual(blocks.filter((block) => !known.includes(block)).map(({ info, code }) => [info, code]), [
    ["text", "npm install text-nodes\nflow run count.yaml --nodes npm:text-nodes\n"],
  ]);
  assert.equal(Object.keys(files).length, 5);
});

Deno.test(`${PAGE}: its commands run its nodes`, () =>
  withPage(async (cwd) => {
    const commands = blocks.filter(({ info }) => info === "sh").flatMap(({ code }) => code.trim().split("\n"));
    assert.equal(commands.length, 3);
    for (const command of commands) {
      const { code, stdout, stderr } = await runFlow(command.split(" ").slice(1), { cwd });
      assert.equal(code, 0, `${command}\n${stderr}`);
      if (command.startsWith("flow run")) {
        assert.deepEqual(JSON.parse(stdout), { count: { words: 3, longest: "quick" } });
      }
      if (command.startsWith("flow nodes")) assert.match(stdout, /Count only words of more letters/);
    }
  }));

Deno.test(`${PAGE}: its script and its tests run, type-checked`, () =>
  withPage(async (folder) => {
    const script = await runShell(`deno run -A ${DENO} use.ts`, folder, folder);
    assert.equal(script.code, 0, script.stderr);
    assert.equal(script.stdout, blocks.find(({ info }) => info === "text output of use.ts")?.code);
    const tests = await runShell(`deno test -A ${DENO} text_nodes_test.ts`, folder, folder);
    assert.equal(tests.code, 0, tests.stdout + tests.stderr);
    assert.match(tests.stdout, /9 passed \| 0 failed/);
  }));

Deno.test(`${PAGE}: its package is found in node_modules, also from a folder below and through a link`, () =>
  withPage(async (folder) => {
    const code = stripTypeScriptTypes(files["text_nodes.ts"] ?? "");
    await mkdir(join(folder, "elsewhere"));
    await writeFile(join(folder, "elsewhere", "text_nodes.js"), code);
    await writeFile(join(folder, "elsewhere", "package.json"), files["package.json"] ?? "");
    await mkdir(join(folder, "node_modules"));
    await symlink(join(folder, "elsewhere"), join(folder, "node_modules", "text-nodes"));
    await mkdir(join(folder, "below"));
    const args = ["run", "../count.yaml", "--no-store", "--nodes"];
    for (const name of ["npm:text-nodes", "npm:text-nodes@^1.0.0"]) {
      const { code, stdout, stderr } = await runFlow([...args, name], { cwd: join(folder, "below") });
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).count.words, 3);
    }
    const cases: [name: string, code: number, message: RegExp][] = [
      ["npm:other-nodes", 4, /no such package in node_modules\n hint: Run "npm install other-nodes"/],
      ["npm:text-nodes/more", 4, /the package exports no "\.\/more"/],
      ["npm:../text-nodes", 2, /is not the name of a package/],
      ["npm:", 2, /is not the name of a package/],
    ];
    for (const [name, expected, message] of cases) {
      const { code, stderr } = await runFlow([...args, name], { cwd: join(folder, "below") });
      assert.equal(code, expected, stderr);
      assert.match(stderr, message);
    }
  }));
