import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { runFlow, withFiles } from "./support/cli.ts";
import { ENTRIES, readModuleDoc } from "./support/module_doc.ts";
import { checkScripts, ROOT, runScript } from "./support/shell.ts";

Deno.test("mod.ts: every exported symbol says what it promises", async () => {
  const { module_doc, symbols } = await readModuleDoc("mod.ts");
  assert.ok(module_doc?.doc, "the module itself is described");
  assert.ok(symbols.length > 30, `only ${symbols.length} symbols found`);
  const silent = symbols.filter(({ declarations }) => !declarations.some(({ jsDoc }) => jsDoc?.doc));
  assert.deepEqual(silent.map(({ name }) => name), []);
});

/** Not for users to name: parts of a type that is spelled out where it is used, and what only this program passes. */
const PRIVATE_TYPES = ["KIND_OF_CODE", "NodeExpressions", "OpenOf", "Platform", "ShapeOf"];

/** What the types of built-in node types are inferred from. */
const isFactory = (name: string) => /^create[A-Z]/.test(name);

interface Finding {
  rule: string;
  message: string;
  path: string;
}

async function lintDocumentation(): Promise<Finding[]> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...ENTRIES.map((entry) => join(ROOT, entry))],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stderr).split(/^(?=error\[)/m).flatMap((finding) => {
    const [, rule = "", message = ""] = /^error\[([\w-]+)\]: (.*)/.exec(finding) ?? [];
    const [, path = ""] = /--> (\S+):\d+:\d+/.exec(finding) ?? [];
    return rule === "" ? [] : [{ rule, message, path }];
  });
}

Deno.test("deno doc --lint finds nothing but in zod, which comes as z, and what the compiler has to infer", async () => {
  const findings = await lintDocumentation();
  const own = findings.filter(({ path }) => path.startsWith(ROOT) && !path.includes("/zod/"));
  assert.ok(findings.length > 1000 && own.length > 10, "the linter has looked at it");

  const nameOf = ({ message }: Finding) => /references private type '([^']+)'/.exec(message)?.[1] ?? "";
  const missing = new Set(own.filter(({ rule }) => rule === "private-type-ref").map(nameOf));
  const unknown = [...missing].filter((name) => !isFactory(name) && !isOfZod(name));
  assert.deepEqual(unknown.sort(), PRIVATE_TYPES);

  const inferred = own.filter(({ rule }) => rule === "missing-explicit-type").map(({ path }) => path);
  assert.deepEqual(inferred.filter((path) => !path.startsWith(join(ROOT, "nodes"))), []);
  const rules = new Set(own.map(({ rule }) => rule));
  assert.deepEqual([...rules].sort(), ["missing-explicit-type", "private-type-ref"]);
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

function isOfZod(name: string): boolean {
  return ["ZodObject", "ZodOptional", "ZodType", "$strict", "input", "output"].includes(name);
}
