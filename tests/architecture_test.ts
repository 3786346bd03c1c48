import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { checkSource, type Violation } from "./architecture_rules.ts";
import { scanSource } from "./source_scan.ts";

/** Places that break a rule for a good reason: `rule path` -> the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

const ROOT = new URL("..", import.meta.url);

function violations(path: string, text: string): string[] {
  return checkSource({ path, scan: scanSource(text) }).map(({ rule, line }) => `${rule}:${line}`);
}

async function listModules(): Promise<string[]> {
  const entries = await readdir(ROOT, { recursive: true });
  const ignored = /(^|\/)(\.[^/]+|node_modules|dist|coverage|fixtures|python)\//;
  return entries.map((path) => path.replaceAll("\\", "/")).filter((path) =>
    path.endsWith(".ts") && !ignored.test(path)
  );
}

async function scanProject(): Promise<Violation[]> {
  const paths = (await listModules()).sort();
  assert.ok(paths.length > 20, `only ${paths.length} modules found`);
  const texts = await Promise.all(paths.map((path) => readFile(new URL(path, ROOT), "utf8")));
  return paths.flatMap((path, index) => checkSource({ path, scan: scanSource(texts[index] ?? "") }));
}

Deno.test("the project keeps its architecture: direction, packages, names and lengths", async () => {
  const found = await scanProject();
  const broken = found.filter(({ rule, path }) => EXCEPTIONS[`${rule} ${path}`] === undefined);
  assert.deepEqual(broken.map(({ rule, path, line, message }) => `${path}:${line} [${rule}] ${message}`), []);
  const used = new Set(found.map(({ rule, path }) => `${rule} ${path}`));
  assert.deepEqual(
    Object.keys(EXCEPTIONS).filter((key) => !used.has(key)),
    [],
    "these exceptions are not needed any more",
  );
});

Deno.test("checkSource() lets imports go inwards only: engine <- store, nodes <- server <- cli", () => {
  const cases: [path: string, specifier: string, isAllowed: boolean][] = [
    ["engine/executor.ts", "./graph.ts", true],
    ["engine/executor.ts", "../store/sqlite_store.ts", false],
    ["engine/executor.ts", "../platform/types.ts", false],
    ["engine/executor.ts", "../nodes/mod.ts", false],
    ["store/sqlite_store.ts", "../engine/store.ts", true],
    ["store/sqlite_store.ts", "../platform/types.ts", true],
    ["store/sqlite_store.ts", "../nodes/mod.ts", false],
    ["nodes/delay.ts", "../engine/node.ts", true],
    ["nodes/delay.ts", "../store/sqlite_store.ts", false],
    ["nodes/delay.ts", "../cli/main.ts", false],
    ["platform/deno.ts", "../engine/errors.ts", true],
    ["platform/deno.ts", "../nodes/mod.ts", false],
    ["server/app.ts", "../nodes/mod.ts", true],
    ["server/routes/health.ts", "../../cli/main.ts", false],
    ["cli/commands/run.ts", "../../server/outcome.ts", true],
    ["mod.ts", "./engine/engine.ts", true],
    ["mod.ts", "./cli/main.ts", false],
    ["examples/custom_node.ts", "../mod.ts", true],
    ["examples/custom_node.ts", "../engine/engine.ts", false],
    ["nodes/delay.ts", "./delay_test.ts", false],
    ["cli/main.ts", "../tests/source_scan.ts", false],
    ["engine/executor_test.ts", "../nodes/mod.ts", true],
  ];
  for (const [path, specifier, isAllowed] of cases) {
    for (
      const code of [
        `import "${specifier}";`,
        `await import("${specifier}");`,
        `import type { A } from "${specifier}";`,
      ]
    ) {
      assert.deepEqual(violations(path, code), isAllowed ? [] : ["direction:1"], `${path}: ${code}`);
    }
  }
});

Deno.test("checkSource() keeps the engine pure and start-up light", () => {
  assert.deepEqual(violations("engine/a.ts", 'import * as z from "zod";'), []);
  assert.deepEqual(violations("engine/a.ts", 'const { parse } = await import("yaml");'), []);
  assert.deepEqual(violations("engine/a.ts", 'import type { Document } from "yaml";'), []);
  assert.deepEqual(violations("engine/a.ts", 'import { parse } from "yaml";'), ["lazy:1"]);
  assert.deepEqual(violations("cli/a.ts", 'import { parse } from "jsonc-parser";'), ["lazy:1"]);
  assert.deepEqual(violations("engine/a.ts", 'import { readFile } from "node:fs/promises";'), ["package:1"]);
  assert.deepEqual(violations("engine/a.ts", 'await import("hono");'), ["package:1"]);
  assert.deepEqual(violations("engine/a.ts", "export const load = (path: string) => import(path);"), ["package:1"]);
  assert.deepEqual(violations("cli/a.ts", "export const load = (path: string) => import(path);"), []);
  assert.deepEqual(violations("cli/a.ts", 'import { z } from "npm:zod";'), ["package:1"]);
  assert.deepEqual(violations("engine/a.ts", "export const cwd = () => 1;\nexport const dir = Deno.cwd();"), [
    "deno:2",
  ]);
  assert.deepEqual(violations("platform/deno.ts", "export const dir = Deno.cwd();"), []);
  assert.deepEqual(violations("engine/a_test.ts", "export const dir = Deno.cwd();"), []);
});

Deno.test("checkSource() refuses default exports, empty names and oversized code", () => {
  assert.deepEqual(violations("cli/a.ts", "export default 1;"), ["default_export:1"]);
  for (
    const path of ["engine/utils.ts", "nodes/helpers/a.ts", "cli/common.ts", "server/manager.ts", "tests/helper.ts"]
  ) {
    assert.deepEqual(violations(path, ""), ["name:1"], path);
  }
  assert.deepEqual(violations("engine/retryDelay.ts", ""), ["name:1"]);
  assert.deepEqual(violations("nodes/_stdin.ts", ""), []);
  assert.deepEqual(violations("engine/a.ts", "1;\n".repeat(300)), []);
  assert.deepEqual(violations("engine/a.ts", "1;\n".repeat(301)), ["file_length:301"]);
  assert.deepEqual(violations("engine/a.ts", `function f() {\n${"1;\n".repeat(38)}}`), []);
  assert.deepEqual(violations("engine/a.ts", `function f() {\n${"1;\n".repeat(39)}}`), ["function_length:1"]);
  assert.deepEqual(violations("engine/a_test.ts", `function f() {\n${"1;\n".repeat(400)}}`), []);
});
