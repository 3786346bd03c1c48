import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { testScripts } from "./support/documented_scripts.ts";
import { codeBlocks, sections, tables } from "./markdown.ts";
import { runFlow } from "./support/cli.ts";
import { whyNoProgram } from "./support/installed.ts";
import { curl, withServe } from "./support/serve_process.ts";
import { ROOT, runShell, withPrograms } from "./support/shell.ts";
import { withFolder } from "./support/temp_folder.ts";

const missing = whyNoProgram("curl");
if (missing !== undefined) console.warn(`The examples of docs/server.md are skipped: ${missing}`);
const page = await readFile(join(ROOT, "docs/server.md"), "utf8");
const blocks = codeBlocks(page);

await testScripts("docs/server.md");

Deno.test({
  name: "docs/server.md: the examples run, and answer no errors",
  ignore: missing !== undefined,
  fn: () =>
    withFolder((folder) =>
      withServe({ folder }, async ({ url, said }) => {
        const examples = blocks.filter(({ info }) => info === "sh api");
        assert.ok(examples.length >= 4);
        await withPrograms(async (programs) => {
          for (const { code, line } of examples) {
            const { code: exitCode, stdout, stderr } = await runShell(`set -e; URL=${url}\n${code}`, programs);
            assert.equal(exitCode, 0, `docs/server.md:${line}: ${stderr}`);
            assert.doesNotMatch(stdout, /"error"|"failed"/, `docs/server.md:${line}`);
          }
        });
        const shown = blocks.find(({ code }) => code.startsWith("http://127.0.0.1:3000"))?.code.split("\n").slice(1) ??
          [];
        const words = (line: string) => line.trim().split(/\s+/)[0];
        const expected = shown.filter((line) => line !== "").map(words);
        assert.deepEqual(said().trim().split("\n").slice(0, expected.length).map(words), expected);
      })
    ),
});

Deno.test("docs/server.md names every route and every flag of flow serve, and no other", async () => {
  const documented = tables(sections(page).get("The API") ?? "").flatMap(({ rows }) =>
    rows.map(([route = ""]) => route)
  );
  const routes = new Set(documented.flatMap((cell) => {
    const [, path = ""] = /^[A-Z]+ ([^,]+)/.exec(cell) ?? [];
    return [...cell.matchAll(/(?:^|, )([A-Z]+)(?: (\/[^,]+))?/g)].map(([, method, own]) => `${method} ${own ?? path}`);
  }));
  await withFolder((folder) =>
    withServe({ folder }, async ({ url }) => {
      const { paths } = await (await fetch(`${url}/openapi.json`)).json();
      const served = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
      );
      assert.deepEqual([...routes].sort(), served.sort());
    })
  );
  const { stdout } = await runFlow(["serve", "--help"]);
  const flags = /^FLAGS\n([^]*?)(\n\n|$(?![^]))/m.exec(stdout)?.[1]?.match(/--[a-z][a-z-]*/g)?.filter((flag) =>
    flag !== "--help"
  );
  const rows = tables(sections(page).get("Options") ?? "").flatMap(({ rows }) => rows.map(([flag = ""]) => flag));
  assert.deepEqual(rows.flatMap((cell) => cell.split(", ")).sort(), [...new Set(flags)].sort());
});

Deno.test("docs/server.md: every block is run or compared by some test, or is a picture of a file", () => {
  assert.deepEqual(blocks.filter(({ info }) => !["sh", "sh api", "text", "ts", "text output"].includes(info)), []);
  assert.deepEqual(blocks.filter(({ info }) => info === "sh").map(({ code }) => code), ["flow serve\n"]);
});

Deno.test({
  name: "docs/server.md: a token file may hold tokens or their hashes",
  ignore: missing !== undefined,
  fn: () =>
    withFolder(async (folder) => {
      const file = `${folder}/tokens`;
      await Deno.writeTextFile(file, blocks.at(-1)?.code ?? "");
      await withServe({ folder, flags: ["--token-file", file] }, async ({ url }) => {
        const ask = async (token: string) => {
          const path = `${url}/api/executions/x/cancel`;
          return (await curl(path, "-X", "POST", "-H", `Authorization: Bearer ${token}`)).status;
        };
        assert.equal(await ask("test"), 404, "the hash is that of this operator's token");
        assert.equal(await ask("0d6be69b264717f2dd33652e212b173104b4a647b7c11ae72e9885f11cd312fb"), 403, "a viewer");
        assert.equal(await ask("something-else-entirely"), 401);
      });
      await Deno.writeTextFile(file, "operator\n");
      const refused = await runFlow(["serve", "--port", "0", "--db", `${folder}/x.db`, "--token-file", file]);
      assert.match(refused.stderr, /line 1 is not a role and a token/);
    }),
});

Deno.test("docs/server.md names every option of a handler", async () => {
  const source = await readFile(join(ROOT, "server/handler_options.ts"), "utf8");
  const declared = /export interface HandlerOptions \{([^]*?)\n\}/.exec(source)?.[1] ?? "";
  const options = [...declared.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name = ""]) => name);
  assert.ok(options.length > 5);
  const rows = tables(sections(page).get("In a server of your own") ?? "").flatMap(({ rows }) => rows);
  assert.deepEqual(rows.flatMap(([cell = ""]) => cell.split(", ")).sort(), options.sort());
});
