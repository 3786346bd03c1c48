import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  expectationSchema,
  mockSchema,
  nodeExpectationSchema,
  testFileSchema,
  testSchema,
} from "../cli/testing/test_schema.ts";
import { codeBlocks, tables } from "./markdown.ts";
import { runFlow, withFiles } from "./support/cli.ts";
import { ROOT, runShell, withPrograms } from "./support/shell.ts";

for (const page of ["docs/workflows.md", "docs/testing.md"]) {
  for (const { info, code, line } of codeBlocks(await readFile(join(ROOT, page), "utf8"))) {
    if (info !== "sh") continue;
    Deno.test(`${page}:${line} runs in a shell`, () =>
      withPrograms(async (folder) => {
        for (const command of code.split("\n").filter((text) => text !== "")) {
          const { code: exitCode, stderr } = await runShell(command, folder);
          assert.equal(exitCode, 0, `${command}\n${stderr}`);
        }
      }));
  }
}

Deno.test("docs/testing.md shows tests that pass, and names every key", async () => {
  const page = await readFile(join(ROOT, "docs/testing.md"), "utf8");
  const named = codeBlocks(page).flatMap(({ info, code }) => {
    const [, name] = /^yaml (\S+)$/.exec(info) ?? [];
    return name === undefined ? [] : [[name, code] as const];
  });
  await withFiles(Object.fromEntries(named), async (path) => {
    const { code, stdout } = await runFlow(["test"], { cwd: path("") });
    assert.deepEqual([code, /3 passed\n$/.test(stdout)], [0, true], stdout);
  });
  const documented = (kind: string) =>
    tables(page).filter(({ head }) => head[0] === kind).flatMap(({ rows }) => rows)
      .flatMap(([cell = ""]) => cell.split(", ")).sort();
  const { tests, ...file } = testFileSchema().shape;
  const setup = Object.keys(testSchema().shape).filter((key) => key !== "name" && key !== "expect");
  assert.ok(tests !== undefined);
  assert.deepEqual(documented("setup"), setup.sort());
  assert.deepEqual(documented("file"), ["tests", ...Object.keys(file).filter((key) => !setup.includes(key))].sort());
  assert.deepEqual(documented("mock"), Object.keys(mockSchema().shape).sort());
  assert.deepEqual(documented("expect"), Object.keys(expectationSchema().shape).sort());
  assert.deepEqual(documented("of a node"), Object.keys(nodeExpectationSchema().shape).sort());
});
