import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runFlow } from "./support/cli.ts";
import {
  completeByTabInBash,
  completeInBash,
  completeInFish,
  completeInZsh,
  whyNoShell,
} from "./support/completing_shells.ts";
import { ROOT, runShell, withPrograms } from "./support/shell.ts";

const EVIL = "$(touch evil)";

/** A folder with `flow`, some files, and one execution in its database. */
function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  return withPrograms(async (folder) => {
    const documents = join(folder, "work");
    await mkdir(join(documents, "nested"), { recursive: true });
    const workflow = {
      id: "greet",
      name: "Greeting: one",
      inputs: { greeting: { type: "string", default: "hi" }, times: { type: "integer", default: 1 } },
      nodes: [
        { id: "first", node_type: "debug.log" },
        { id: "second one", node_type: "debug.log" },
        { id: EVIL, node_type: "debug.log" },
      ],
    };
    await writeFile(join(documents, "greet.json"), JSON.stringify(workflow));
    await writeFile(join(documents, "green.yaml"), "nodes: []\n");
    await writeFile(join(documents, "great.txt"), "no workflow\n");
    await runShell("flow run greet.json", folder, documents);
    await test(folder);
  });
}

const shells = [["bash", completeInBash], ["zsh", completeInZsh], ["fish", completeInFish]] as const;

for (const [shell, complete] of shells) {
  const reason = whyNoShell(shell);
  if (reason !== undefined) console.log(`skipped: completions in ${shell}: ${reason}`);
  const name = (what: string) => `${shell} completes ${what}`;
  const options = { ignore: reason !== undefined };

  Deno.test(name("commands, those of groups, flags and their values"), options, () =>
    withFolder(async (folder) => {
      assert.deepEqual(await complete("flow res", folder), ["resume"]);
      assert.deepEqual(await complete("flow executions ", folder), ["list", "show", "logs", "cancel", "prune"]);
      assert.deepEqual(await complete("flow run greet.json --dry", folder), ["--dry-run"]);
      assert.deepEqual(await complete("flow graph greet.json --format ", folder), ["ascii", "mermaid", "dot", "svg"]);
      assert.deepEqual(await complete("flow nodes http", folder), ["http.request"]);
      assert.deepEqual(await complete("flow init --template p", folder), ["parallel"]);
      assert.deepEqual(await complete("flow completions z", folder), ["zsh"]);
    }));

  Deno.test(name("values behind ="), options, () =>
    withFolder(async (folder) => {
      assert.deepEqual(await complete("flow graph greet.json --format=m", folder), ["--format=mermaid"]);
      assert.deepEqual(await complete("flow run greet.json --set ", folder), ["greeting=", "times="]);
    }));

  Deno.test(name("workflow files and folders, and no others"), options, () =>
    withFolder(async (folder) => {
      const found = await complete("flow run gre", folder);
      assert.deepEqual(found.sort(), ["green.yaml", "greet.json"]);
      assert.deepEqual((await complete("flow run nes", folder)).map((it) => it.replace(/\/$/, "")), ["nested"]);
      assert.ok((await complete("flow run x.json --db great", folder)).includes("great.txt"));
    }));

  Deno.test(name("files whose names shells have other uses for"), options, () =>
    withFolder(async (folder) => {
      const work = join(folder, "work");
      await mkdir(join(work, "my flows"));
      const spaced = "my flows/to do.json";
      const typed = { "co:": "co:lon.json", "eq=": "eq=ual.json", "gl": "gl*ob.json", "do\\$": "do$lar.json" };
      for (const path of [spaced, ...Object.values(typed)]) await writeFile(join(work, path), '{"nodes": []}');
      for (const [beginning, file] of Object.entries({ ...typed, "my\\ flows/": spaced })) {
        assert.deepEqual(await complete(`flow run ${beginning}`, folder), [file], beginning);
      }
      const all = await complete("flow run ", folder);
      assert.deepEqual(Object.values(typed).filter((it) => !all.includes(it)), []);
      assert.deepEqual(await complete("flow run --file=my\\ flows/t", folder), ["--file=my flows/to do.json"]);
      assert.deepEqual(await complete("flow run 'co", folder), ["co:lon.json"]);
      await writeFile(join(work, "-dash.json"), '{"nodes": []}');
      assert.ok((await complete("flow run ", folder)).includes("-dash.json"));
    }));

  Deno.test(
    name("executions and their nodes, and runs nothing of what they are called"),
    options,
    () =>
      withFolder(async (folder) => {
        const [last, id = ""] = await complete("flow resume ", folder);
        assert.equal(last, "last");
        assert.match(id, /^[0-9a-f-]{36}$/);
        assert.deepEqual(await complete("flow resume la", folder), ["last"]);
        assert.deepEqual(await complete(`flow executions show ${id.slice(0, 30)}`, folder), [id]);
        assert.deepEqual(await complete("flow rerun last --from f", folder), ["first"]);
        for (const line of ["flow rerun last --from ", "flow rerun last --with greet.json --only "]) {
          assert.deepEqual(await complete(line, folder), ["first", "second one", EVIL]);
        }
        assert.equal((await runShell("find . -name evil", folder, folder)).stdout, "");
      }),
  );
}

const noBash = whyNoShell("bash");

Deno.test(
  "bash completes behind and within quotes",
  { ignore: noBash !== undefined },
  () =>
    withFolder(async (folder) => {
      const { stderr } = await runShell("cp work/greet.json 'work/nested/to greet.json'", folder, folder);
      assert.equal(stderr, "");
      for (const file of ['"nested/to greet.json"', "'nested/to greet.json'", "nested/to\\ greet.json"]) {
        assert.deepEqual(await completeByTabInBash(`flow run ${file} --set t`, folder), ["times="], file);
      }
      for (const word of ['"sec', "'sec", "second\\ o", '--from="sec']) {
        const line = `flow rerun last ${word.startsWith("--") ? "" : "--from "}${word}`;
        const expected = word.startsWith("--") ? "--from=second one" : "second one";
        assert.deepEqual(await completeByTabInBash(line, folder), [expected], word);
      }
      assert.deepEqual(await completeByTabInBash(`flow rerun last --from '$`, folder), [EVIL]);
      assert.equal((await runShell("find . -name evil", folder, folder)).stdout, "");
    }),
);

Deno.test("proposals say what an execution came to, and how long ago", () =>
  withFolder(async (folder) => {
    const { stdout } = await runShell("flow complete --next -- resume", folder);
    assert.match(
      stdout,
      /^:values\nlast\tsucceeded, .*: Greeting: one\n[0-9a-f-]{36}\tsucceeded, .*: Greeting: one\n$/,
    );
  }));

Deno.test("proposals neither make a database, nor fail over one, nor wait for one that is locked", () =>
  withPrograms(async (folder) => {
    const path = join(folder, "flow.db");
    const ask = () => runShell(`flow complete --next -- resume --db '${path}'`, folder);
    const nothing = { code: 0, stdout: ":values\n", stderr: "" };
    const propose = async () => {
      const { code, stdout, stderr } = await ask();
      return { code, stdout: stdout.replaceAll(/^--.*\n/gm, ""), stderr };
    };
    assert.deepEqual(await propose(), nothing);
    assert.equal((await runShell(`ls '${path}'`, folder)).code === 0, false);

    await writeFile(path, "this is no database");
    assert.deepEqual(await propose(), nothing);

    await runShell(`rm '${path}'; flow run examples/hello.yaml --db '${path}'`, folder);
    const database = new DatabaseSync(path);
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
      assert.deepEqual(await propose(), nothing);
    } finally {
      database.close();
    }
  }));

Deno.test("proposals for what cannot be: nothing, and no error", async () => {
  for (const words of [["bogus", ""], ["run", "--bogus", ""], ["run", "--set"], ["nodes", "a", "b", ""], []]) {
    const { code, stdout, stderr } = await runFlow(["complete", "--", ...words]);
    assert.deepEqual([code, stderr], [0, ""], words.join(" "));
    assert.match(stdout, /^(:values\n(--.*\n)*)?$/, words.join(" "));
  }
});

Deno.test("flow completions refuses a shell that it does not know, and names those that it does", async () => {
  const { code, stderr } = await runFlow(["completions", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /"bash", "zsh", "fish"/);
});

// There is no PowerShell to be had everywhere: brackets and quotes have to match, and the way it asks has to be right.
Deno.test("the script for PowerShell is complete, and asks as flow answers", async () => {
  const { code, stdout } = await runFlow(["completions", "powershell"], { cwd: ROOT });
  assert.equal(code, 0);
  const open: string[] = [];
  const text = stdout.replaceAll(/'(?:[^']|'')*'|"[^"]*"|^ *#.*$/gm, "");
  assert.doesNotMatch(text, /['"]/);
  for (const bracket of text.match(/[(){}[\]]/g) ?? []) {
    if ("({[".includes(bracket)) open.push(bracket);
    else assert.equal(open.pop(), { ")": "(", "}": "{", "]": "[" }[bracket]);
  }
  assert.deepEqual(open, []);
  assert.match(stdout, /Register-ArgumentCompleter -Native -CommandName flow -ScriptBlock \{/);
  assert.match(stdout, /complete @next '--' @words/);
  // To PowerShell, ‘ and ’ and two more are quotes as well: one in the id of a node must not end the text around it.
  assert.match(stdout, /\$quoted = \[[\w.]+\.CodeGeneration\]::EscapeSingleQuotedStringContent\(\$value\)$/m);
  assert.match(stdout, /else { "'\$quoted'" }$/m);
});
