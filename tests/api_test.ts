import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { runFlow, withFiles } from "./support/cli.ts";
import { type Declaration, ENTRIES, readModuleDoc } from "./support/module_doc.ts";
import { checkScripts, ROOT, runScript } from "./support/shell.ts";

Deno.test("mod.ts: every exported symbol says what it promises", async () => {
  const { module_doc, symbols } = await readModuleDoc("mod.ts");
  assert.ok(module_doc?.doc, "the module itself is described");
  assert.ok(symbols.length > 30, `only ${symbols.length} symbols found`);
  const silent = symbols.filter(({ declarations }) => !declarations.some(({ jsDoc }) => jsDoc?.doc));
  assert.deepEqual(silent.map(({ name }) => name), []);
});

Deno.test("deno doc --lint finds nothing in what is exported", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...ENTRIES.map((entry) => join(ROOT, entry))],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.doesNotMatch(text, /^error/m);
  assert.match(text, new RegExp(`^Checked ${ENTRIES.length} files$`, "m"));
  assert.equal(code, 0);
});

Deno.test("mod.ts: nothing that is exported is kept from deno doc --lint, but what is in zod", async () => {
  for (const entry of ENTRIES) {
    const { symbols } = await readModuleDoc(entry);
    const isInternal = ({ jsDoc }: Declaration) =>
      jsDoc?.tags?.some(({ kind }) => ["ignore", "internal"].includes(kind));
    const kept = symbols.filter(({ declarations }) => declarations.some(isInternal)).map(({ name }) => name);
    assert.deepEqual(kept, entry === "mod.ts" ? ["z"] : []);
  }
});

Deno.test('mod.ts: a file that imports "flowengine" runs in any folder', async () => {
  const code = await readFile(join(ROOT, "examples/custom_node.ts"), "utf8");
  await withFiles({ "mine.ts": code }, async (path) => {
    const { code: exitCode, stdout, stderr } = await runFlow(["run", "mine.ts", "--no-store"], { cwd: path("") });
    assert.equal(exitCode, 0, stderr);
    assert.equal(JSON.parse(stdout).count.words, 6);
  });
});

Deno.test("mod.ts: the example of the module runs", async () => {
  const text = await readFile(join(ROOT, "mod.ts"), "utf8");
  const comment = /^\/\*\*\n([^]*?)\n \*\//.exec(text)?.[1] ?? "";
  const examples = codeBlocks(comment.replace(/^ \* ?/gm, "") + "\n").filter(({ info }) => info === "ts");
  assert.ok(examples.length > 0);
  for (const { code } of examples) {
    const checked = await checkScripts({ "example.ts": code });
    assert.equal(checked.code, 0, checked.stderr);
    const { code: exitCode, stdout, stderr } = await runScript(code);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /succeeded/);
  }
});
