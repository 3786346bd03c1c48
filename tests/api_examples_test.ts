import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { withFiles } from "./support/cli.ts";
import { testTypes } from "./support/documented_scripts.ts";
import { ENTRIES, readModuleDoc } from "./support/module_doc.ts";
import { ROOT, runShell } from "./support/shell.ts";

/** Where types have their examples: blocks of `ts types`, which are checked and not run. */
const TYPES_PAGE = "docs/typescript_types.md";
const typeExamples = codeBlocks(await readFile(join(ROOT, TYPES_PAGE), "utf8"));

/** The examples in all docstrings below a part of the documentation, those of methods included; not those of zod. */
function examplesIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === "elements") return [];
    if (key !== "doc" || typeof value !== "string") return examplesIn(value);
    return codeBlocks(`${value}\n`).filter(({ info }) => info === "ts").map(({ code }) => code);
  });
}

Deno.test("everything that can be called, made or read has an example that names it", async () => {
  for (const entry of ENTRIES) {
    const { symbols } = await readModuleDoc(entry);
    const values = symbols.filter(({ declarations }) =>
      declarations.some(({ kind }) => ["function", "class", "variable", "namespace"].includes(kind))
    );
    assert.ok(values.length > 1, entry);
    const lacking = values.filter(({ declarations, name }) =>
      // What makes an object of a class is named instead where only that is public.
      !examplesIn(declarations).some((code) =>
        code.includes('from "flowengine') && (code.includes(name) || isMade(name))
      )
    );
    assert.deepEqual(lacking.map(({ name }) => name), [], entry);
  }
});

Deno.test("every example in a docstring of the API fits the compiler", async () => {
  const files: Record<string, string> = {};
  for (const entry of ENTRIES) {
    for (const { name, declarations } of (await readModuleDoc(entry)).symbols) {
      for (const [index, code] of examplesIn(declarations).entries()) {
        files[`example_${Object.keys(files).length}.ts`] = `// ${name}, ${index}\n${code}`;
      }
    }
  }
  assert.ok(Object.keys(files).length > 50, `only ${Object.keys(files).length} examples`);
  await withFiles(files, async (path) => {
    const folder = path("");
    const config = join(ROOT, "deno.json");
    const { code, stderr } = await runShell(`deno check --quiet --config "${config}" *.ts`, folder, folder);
    assert.equal(code, 0, stderr);
  });
});

Deno.test(`every exported type is used in an example of its docstring or of ${TYPES_PAGE}`, async () => {
  assert.deepEqual(typeExamples.filter(({ info }) => info !== "ts types"), []);
  const onPage = typeExamples.map(({ code }) => code);
  for (const entry of ENTRIES) {
    const { symbols } = await readModuleDoc(entry);
    const types = symbols.filter(({ declarations }) =>
      declarations.some(({ kind }) => ["interface", "typeAlias"].includes(kind))
    );
    assert.ok(types.length > 5, entry);
    const lacking = types.filter(({ name, declarations }) =>
      ![...examplesIn(declarations), ...onPage].some((code) => usesType(code, name))
    );
    assert.deepEqual(lacking.map(({ name }) => name), [], entry);
  }
});

testTypes(TYPES_PAGE, typeExamples);

/** Whether code imports this name and says it somewhere else, too, as code. */
function usesType(code: string, name: string): boolean {
  const imports = /^import [^;]*? from "flowengine[^"]*";$/gm;
  const word = new RegExp(`\\b${name}\\b`);
  const body = code.replaceAll(imports, "").replaceAll(/\/\/.*|\/\*[^]*?\*\//g, "");
  return (code.match(imports) ?? []).some((line) => word.test(line)) && word.test(body);
}

/** Classes whose objects others make. */
function isMade(name: string): boolean {
  return [
    "ExecutionsApi",
    "Expression",
    "FlowClient",
    "NodeReference",
    "RemoteExecutionHandle",
    "SecretVault",
    "SqliteStore",
    "WorkflowBuilder",
    "WorkflowsApi",
  ].includes(name);
}
