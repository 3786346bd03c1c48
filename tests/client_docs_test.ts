import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { testTypes } from "./support/documented_scripts.ts";
import { withRestartableServe } from "./support/restartable_serve.ts";
import { ROOT, runScript } from "./support/shell.ts";

const PAGE = "docs/client.md";
const blocks = codeBlocks(await readFile(join(ROOT, PAGE), "utf8"));

for (const [index, { info, code, line }] of blocks.entries()) {
  if (info !== "ts") continue;
  Deno.test(`${PAGE}:${line} runs against a server`, async () => {
    await withRestartableServe({}, async ({ url }) => {
      const { code: exitCode, stdout, stderr } = await runScript(code.replaceAll("http://127.0.0.1:3000", url));
      assert.equal(exitCode, 0, stderr);
      const expected = blocks[index + 1];
      assert.equal(expected?.info, "text output");
      assert.equal(stdout, expected?.code);
    });
  });
}

testTypes(PAGE, blocks.filter(({ info }) => info === "ts"));
