import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { ROOT, runScript } from "./support/shell.ts";

interface Documented {
  jsDoc?: { doc?: string };
}

interface ModuleDoc {
  module_doc?: { doc?: string };
  symbols: { name: string; declarations: Documented[] }[];
}

async function readModuleDoc(): Promise<ModuleDoc> {
  const args = ["doc", "--json", join(ROOT, "mod.ts")];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as { nodes: Record<string, ModuleDoc> };
  const [module] = Object.values(nodes);
  assert.ok(module !== undefined);
  return module;
}

Deno.test("mod.ts: every exported symbol says what it promises", async () => {
  const { module_doc, symbols } = await readModuleDoc();
  assert.ok(module_doc?.doc, "the module itself is described");
  assert.ok(symbols.length > 30, `only ${symbols.length} symbols found`);
  const silent = symbols.filter(({ declarations }) => !declarations.some(({ jsDoc }) => jsDoc?.doc));
  assert.deepEqual(silent.map(({ name }) => name), []);
});

Deno.test("mod.ts: the example of the module runs", async () => {
  const text = await readFile(join(ROOT, "mod.ts"), "utf8");
  const comment = /^\/\*\*\n([^]*?)\n \*\//.exec(text)?.[1] ?? "";
  const examples = codeBlocks(comment.replace(/^ \* ?/gm, "") + "\n").filter(({ info }) => info === "ts");
  assert.ok(examples.length > 0);
  for (const { code } of examples) {
    const { code: exitCode, stdout, stderr } = await runScript(code);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /succeeded/);
  }
});
