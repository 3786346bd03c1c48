import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./support/shell.ts";
import { testScripts } from "./support/documented_scripts.ts";

const PAGE = "docs/typescript.md";

await testScripts(PAGE);

Deno.test(`${PAGE} shows every function that mod.ts exports`, async () => {
  const page = await readFile(join(ROOT, PAGE), "utf8");
  const functions = Object.entries(await import("../mod.ts")).filter(([, value]) => typeof value === "function");
  const names = functions.map(([name]) => name);
  assert.ok(names.length > 10);
  assert.deepEqual(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page)), []);
});
