import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "../markdown.ts";
import { ROOT, runScript } from "./shell.ts";

/** Makes a test of every block of TypeScript of a page: type-checked and run, it prints what the block after it shows. */
export async function testScripts(page: string): Promise<void> {
  const blocks = codeBlocks(await readFile(join(ROOT, page), "utf8"));
  for (const [index, { info, code, line }] of blocks.entries()) {
    if (info !== "ts") continue;
    Deno.test(`${page}:${line} runs as a script`, async () => {
      const { code: exitCode, stdout, stderr } = await runScript(code);
      assert.equal(exitCode, 0, `${page}:${line}: ${stderr}`);
      const expected = blocks[index + 1];
      assert.equal(expected?.info, "text output");
      assert.equal(stdout, expected?.code);
    });
  }
}
