import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CodeBlock, codeBlocks } from "../markdown.ts";
import { checkScripts, ROOT, runScript } from "./shell.ts";

/** Makes a test of every block of TypeScript of a page: it prints what the block after it shows. Types are checked, too. */
export async function testScripts(page: string): Promise<void> {
  const blocks = codeBlocks(await readFile(join(ROOT, page), "utf8"));
  const scripts = blocks.flatMap((block, index) =>
    block.info === "ts" ? [{ ...block, expected: blocks[index + 1] }] : []
  );
  for (const { code, line, expected } of scripts) {
    Deno.test(`${page}:${line} runs as a script`, async () => {
      const { code: exitCode, stdout, stderr } = await runScript(code);
      assert.equal(exitCode, 0, `${page}:${line}: ${stderr}`);
      assert.equal(expected?.info, "text output");
      assert.equal(stdout, expected?.code);
    });
  }
  testTypes(page, scripts);
}

/** Makes a test of the types of all blocks of TypeScript of a page. */
export function testTypes(page: string, blocks: readonly Pick<CodeBlock, "code" | "line">[]): void {
  Deno.test(`${page}: the types of its scripts fit`, async () => {
    // Each is a module of its own, also if it imports nothing.
    const files = blocks.map(({ code, line }) => [`line_${line}.ts`, `${code}\nexport {};\n`]);
    const { code, stderr } = await checkScripts(Object.fromEntries(files));
    assert.equal(code, 0, stderr);
  });
}
