import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import * as z from "zod";
import { retryPolicySchema, settingsSchema, workflowSchema } from "../engine/workflow_schema.ts";
import { builtinNodes, createEngine, type NodeDefinition, parseWorkflow } from "../mod.ts";
import { runFlow } from "./support/cli.ts";
import { codeBlocks, sections, tables } from "./markdown.ts";

const ROOT = new URL("..", import.meta.url);

function readPage(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), "utf8");
}

Deno.test("docs/nodes.md describes every node type, config key, default and port, and nothing else", async () => {
  const pages = sections(await readPage("docs/nodes.md"));
  const nodes = builtinNodes();
  for (const node of nodes) {
    const section = pages.get(node.type);
    assert.ok(section !== undefined, `docs/nodes.md has no section "${node.type}"`);
    assert.deepEqual(documentedRows(section, "config"), configRows(node), `config of ${node.type}`);
    assert.deepEqual(documentedNames(section, "input"), portNames(node.inputs), `inputs of ${node.type}`);
    assert.deepEqual(documentedNames(section, "output"), portNames(node.outputs), `outputs of ${node.type}`);
  }
  const types = [...pages.keys()].filter((heading) => heading.includes("."));
  assert.deepEqual(types.sort(), nodes.map(({ type }) => type).sort());
});

Deno.test("docs/workflows.md names every field of a document and its default", async () => {
  const pages = sections(await readPage("docs/workflows.md"));
  const fields = (heading: string) => documentedRows(pages.get(heading) ?? "", "field");
  assert.deepEqual(fields("The document").map(([name]) => name), Object.keys(workflowSchema().shape).sort());
  assert.deepEqual(fields("Retries"), schemaRows(retryPolicySchema(), "–"));
  assert.deepEqual(fields("Settings"), schemaRows(settingsSchema(), "–"));
});

Deno.test("docs/cli.md names every command, and every flag of flow run", async () => {
  const page = await readPage("docs/cli.md");
  const commands = tables(page).filter(({ head }) => head[0] === "command").flatMap(({ rows }) => rows);
  const help = await runFlow(["--help"]);
  const known = [...(/^COMMANDS\n([^]*)/m.exec(help.stdout)?.[1] ?? "").matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) =>
    name
  );
  assert.ok(known.length >= 6, help.stdout);
  assert.deepEqual(known.filter((name) => !commands.some(([cell]) => cell?.startsWith(`flow ${name}`))), []);

  const { stdout } = await runFlow(["run", "--help"]);
  const flags: string[] = /^FLAGS\n([^]*?)\n\n/m.exec(stdout)?.[1]?.match(/--[a-z][a-z-]*/g) ?? [];
  const documented = documentedRows(sections(page).get("flow run") ?? "", "flag").map(([cell]) => cell?.split(",")[0]);
  const undocumented = flags.filter((flag) => flag !== "--help" && !documented.includes(flag));
  assert.deepEqual(undocumented, []);
  assert.deepEqual(documented.filter((flag) => !flags.includes(flag ?? "")), []);
});

Deno.test("every workflow in the documentation is a valid one", async () => {
  const { registry } = createEngine({ nodes: builtinNodes() });
  const folder = await readdir(new URL("docs/", ROOT));
  // Workflows of nodes that a page defines are run by the test of that page.
  const documented = folder.filter((name) => name.endsWith(".md") && name !== "custom_nodes.md");
  const pages = ["README.md", ...documented.map((name) => `docs/${name}`)];
  for (const page of pages) {
    for (const { info, code, line } of codeBlocks(await readPage(page))) {
      const format = /^(yaml|json)\b/.exec(info)?.[1];
      if (format === undefined || info.includes(".test.") || !/^\s*"?nodes"?:/m.test(code)) continue;
      await parseWorkflow(code, { registry, format: format === "yaml" ? "yaml" : "json", filename: `${page}:${line}` });
    }
  }
});

function documentedRows(section: string, kind: string): string[][] {
  const rows = tables(section).filter(({ head }) => head[0] === kind).flatMap(({ rows }) => rows);
  return rows.map(([name = "", value = ""]) => [name, value]).sort(byName);
}

function documentedNames(section: string, kind: string): string[] {
  return documentedRows(section, kind).map(([name = ""]) => name);
}

function configRows(node: NodeDefinition): string[][] {
  return schemaRows(node.config, "–");
}

/** Name and default of every key, as the documentation writes them. */
function schemaRows(schema: z.ZodObject, none: string): string[][] {
  const rows = Object.entries(schema.shape).map(([name, type]) => {
    const parsed = z.safeParse(type, undefined);
    if (!parsed.success) return [name, "required"];
    return [
      name,
      parsed.data === undefined ? none : typeof parsed.data === "string" ? parsed.data : JSON.stringify(parsed.data),
    ];
  });
  return rows.sort(byName);
}

function portNames(ports: NodeDefinition["inputs"]): string[] {
  return [...Object.keys(ports.shape), ...(ports.open ? ["any"] : [])].sort();
}

function byName([a = ""]: string[], [b = ""]: string[]): number {
  return a < b ? -1 : 1;
}
