import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { ROOT, runShell, withPrograms } from "./support/shell.ts";

for (const page of ["docs/workflows.md"]) {
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
