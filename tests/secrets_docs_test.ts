import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./markdown.ts";
import { ROOT, runShell, withPrograms } from "./support/shell.ts";

Deno.test("docs/secrets.md: the commands work as they stand there", async () => {
  const blocks = codeBlocks(await readFile(join(ROOT, "docs/secrets.md"), "utf8"));
  assert.deepEqual([...new Set(blocks.map(({ info }) => info))].sort(), ["sh", "yaml"]);
  const commands = blocks.filter(({ info }) => info === "sh").map(({ code }) => code);
  assert.equal(commands.length, 1);
  await withPrograms(async (folder) => {
    await writeFile(join(folder, "deploy_key.pem"), "-----BEGIN KEY-----\nc2VjcmV0\n-----END KEY-----\n");
    const { code, stdout, stderr } = await runShell(`set -e\n${commands.join("\n")}`, folder, folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^API_TOKEN .*\nDEPLOY_KEY /m);
  });
});
