import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { codeBlocks, sections, tables } from "./markdown.ts";
import { runFlow, shellWorkflow } from "./support/cli.ts";
import { whyNoProgram } from "./support/installed.ts";
import { withServe } from "./support/serve_process.ts";
import { ROOT, runShell } from "./support/shell.ts";
import { withFolder } from "./support/temp_folder.ts";

const page = await readFile(join(ROOT, "docs/operations.md"), "utf8");

function block(section: string, info: string): string {
  const found = codeBlocks(sections(page).get(section) ?? "").find((it) => it.info === info);
  assert.ok(found, `${section} has a block of ${info}`);
  return found.code;
}

Deno.test("docs/operations.md names every metric with its labels, and every field of the log", async () => {
  const documented = tables(sections(page).get("Metrics") ?? "").flatMap(({ rows }) =>
    rows.map(([name = "", labels = ""]) => `${name} ${labels}`.trim())
  );
  await withFolder((folder) =>
    withServe({ folder, flags: ["--log-format", "json"] }, async (server) => {
      const response = await fetch(`${server.url}/api/executions?wait=true`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ workflow: shellWorkflow({ a: "false" }) }),
      });
      await response.body?.cancel();
      const text = await (await fetch(`${server.url}/metrics`)).text();
      const shown = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => {
        const [, labels = ""] = new RegExp(`^${name}(?:_bucket)?\\{(.*?)\\} `, "m").exec(text) ?? [];
        const names = [...labels.matchAll(/([a-z_]+)="/g)].map(([, label]) => label).filter((label) => label !== "le");
        return `${name} ${names.join(", ")}`.trim();
      });
      assert.deepEqual(documented.sort(), shown.sort());
      server.kill("SIGTERM");
      await server.ended;
      const logged = server.said().trim().split("\n").map((line) => JSON.parse(line));
      for (const line of block("Logs", "json").trim().split("\n")) {
        const example = JSON.parse(line);
        const twin = logged.find(({ message, status }) => message === example.message && status !== 404);
        assert.deepEqual(Object.keys(example).sort(), Object.keys(twin).sort(), line);
      }
    })
  );
});

Deno.test("docs/operations.md: the unit of systemd uses flags that there are, and waits longer than flow does", async () => {
  const unit = block("A service of systemd", "ini");
  const command = /^ExecStart=\S+flow (.*)$/m.exec(unit)?.[1] ?? "";
  const { stdout } = await runFlow(["serve", "--help"]);
  for (const flag of command.match(/--[a-z-]+/g) ?? []) assert.ok(stdout.includes(flag), flag);
  const [grace, stop] = [/--grace (\d+)s/, /^TimeoutStopSec=(\d+)$/m].map((it) => Number(it.exec(unit)?.[1]));
  assert.ok(stop !== undefined && grace !== undefined && stop > grace);
  const { scrape_configs } = parse(block("Metrics", "yaml"));
  assert.equal(scrape_configs[0].job_name, "flow");
});

const missing = whyNoProgram("sqlite3");
if (missing !== undefined) console.warn(`The backup of docs/operations.md is skipped: ${missing}`);

Deno.test({
  name: "docs/operations.md: the backup of a running server has what had happened",
  ignore: missing !== undefined,
  fn: () =>
    withFolder((folder) =>
      withServe({ folder }, async ({ url }) => {
        const response = await fetch(`${url}/api/executions?wait=true`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ workflow: shellWorkflow({ a: "true" }) }),
        });
        const { execution_id } = await response.json();
        const script = block("Backup", "sh").replace("/var/lib/flow", folder).replace("/var/backups", folder);
        const { code, stderr } = await runShell(script, "");
        assert.equal(code, 0, stderr);
        const copy = [...Deno.readDirSync(folder)].map(({ name }) => name).find((name) => /^flow-.*\.db$/.test(name));
        const listed = await runFlow(["executions", "list", "--json", "--db", `${folder}/${copy}`]);
        const [listedOne] = JSON.parse(listed.stdout);
        assert.deepEqual([listedOne.execution_id, listedOne.status], [execution_id, "succeeded"]);
      })
    ),
});
