import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CodeBlock, codeBlocks } from "./markdown.ts";
import { testScripts } from "./support/documented_scripts.ts";
import { ROOT, runShell, withPrograms } from "./support/shell.ts";

const blocks = codeBlocks(await readFile(join(ROOT, "README.md"), "utf8"));

for (const block of blocks) {
  if (block.info === "sh") Deno.test(`README.md:${block.line} runs in a shell`, () => checkShell(block));
}

await testScripts("README.md");

Deno.test("README: every block is run, compared or checked by some test", () => {
  // Those of Python run with the tests of its package.
  const known = ["sh", "sh ci", "sh build", "ts", "text output", "text serve", "yaml", "python"];
  assert.deepEqual(blocks.filter(({ info }) => !known.includes(info)), []);
});

// One of them is this very test run, so that only CI can run them.
Deno.test("README: the first commands of a newcomer are those that CI runs", async () => {
  const gate = await readFile(join(ROOT, ".ci/run"), "utf8");
  const commands = blocks.filter(({ info }) => info === "sh ci").map(({ code }) => code.trim());
  const start = "DENO_TLS_CA_STORE=system npx --yes deno@2.9.6 task";
  assert.deepEqual(commands, [`${start} demo`, `${start} test`]);
  assert.match(gate, /^readonly DENO_VERSION=2\.9\.6$/m);
  assert.match(gate, /^export .*\bDENO_TLS_CA_STORE=system\b/m);
  const [build] = blocks.filter(({ info }) => info === "sh build");
  assert.equal(build?.code.trim(), "npx --yes deno@2.9.6 task compile");
  assert.match(gate, / deno@\$DENO_VERSION" task compile |deno task compile /);
  for (const task of ["demo", "test"]) assert.ok(gate.includes(`npx --yes "deno@$DENO_VERSION" task ${task}`), task);
});

const KILL_AND_RESUME = `
told="$XDG_STATE_HOME.told"
flow run examples/shell_pipeline.json 2> "$told" & pid=$!
while kill -0 $pid && ! grep -q 'access_log  succeeded' "$told"; do sleep 0.02; done
kill -9 $pid
flow executions
flow resume last 2>&1 > /dev/null`;

Deno.test("README: what kill -9 leaves is interrupted, and is resumed behind what has completed", async () => {
  const { code, stdout, stderr } = await withPrograms((folder) => runShell(KILL_AND_RESUME, folder));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^[0-9a-f-]{36} {2}interrupted .* Shell pipeline$/m);
  assert.match(stdout, /by_status {2}retrying: Attempt 1 was cut off when the engine stopped$/m);
  assert.match(stdout, /report {2}succeeded/);
  assert.doesNotMatch(stdout, /access_log {2}started/);
});

async function checkShell({ code, line }: CodeBlock): Promise<void> {
  const commands = code.split("\n").filter((command) => command !== "");
  assert.ok(commands.length > 0);
  await withPrograms(async (folder) => {
    for (const command of commands) {
      const finished = await runShell(command, folder);
      assert.equal(finished.code, 0, `README.md:${line}: ${command}\n${finished.stderr}`);
    }
  });
}
