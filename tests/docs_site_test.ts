import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { formatReferencePages, pathOfPage } from "../release/reference.ts";
import { whyNoProgram } from "./support/installed.ts";
import { runFlow } from "./support/cli.ts";
import { ROOT } from "./support/shell.ts";

const folder = await readdir(join(ROOT, "docs"), { recursive: true });
const docs = folder.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`).sort();
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs];

for (const page of pages) {
  Deno.test(`${page}: every link leads to a file that is there, and every anchor to a heading`, async () => {
    const problems: string[] = [];
    for (const { target, line } of linksOf(await readPage(page))) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      const found = await stat(join(ROOT, file)).catch(() => undefined);
      if (found === undefined) problems.push(`${page}:${line}: there is no ${file}`);
      else if (anchor !== undefined && !anchorsOf(await readPage(file)).has(anchor)) {
        problems.push(`${page}:${line}: ${file} has no heading #${anchor}`);
      }
    }
    assert.deepEqual(problems, []);
  });
}

Deno.test("every page of docs/ can be reached from docs/README.md", async () => {
  const reached = new Set(["docs/README.md"]);
  for (const page of reached) {
    for (const { target } of linksOf(await readPage(page))) {
      const file = normalize(join(dirname(page), target.split("#")[0] ?? ""));
      if (docs.includes(file)) reached.add(file);
    }
  }
  assert.deepEqual(docs.filter((page) => !reached.has(page)), []);
});

Deno.test("the reference pages are what `deno task docs` makes of the program", async () => {
  for (const [name, text] of await formatReferencePages()) {
    const there = await readFile(pathOfPage(name), "utf8");
    assert.ok(there === text, `docs/${name} is stale: run "deno task docs"`);
  }
});

const noMandoc = whyNoProgram("mandoc");
if (noMandoc !== undefined) console.warn(`skipped: the manual page: ${noMandoc}`);

Deno.test("flow man prints a manual page that mandoc finds nothing wrong with", {
  ignore: noMandoc !== undefined,
}, async () => {
  const { code, stdout } = await runFlow(["man"]);
  assert.equal(code, 0);
  const complaints = await mandoc(["-T", "lint", "-W", "style"], stdout);
  // It has no date, so that the same program always prints the same.
  assert.deepEqual(complaints.trim().split("\n").filter((line) => !line.includes("missing date")), []);
  // deno-lint-ignore no-control-regex -- letters are struck twice to be bold
  const page = (await mandoc(["-T", "utf8", "-O", "width=200"], stdout)).replaceAll(/.\u0008/g, "");
  for (const text of ["flow executions list [options]", "-n, --limit N", "--durability normal|full"]) {
    assert.ok(page.includes(text), text);
  }
  assert.match(page, /^ {3}flow rerun ID \[options\]$/m);
  assert.doesNotMatch(page, /flow complete /);
});

Deno.test("the manual page names every variable of flow's own that changes what it does", async () => {
  const { stdout } = await runFlow(["man"]);
  const read: string[] = [];
  for (const place of ["cli", "nodes", "platform", "server", "store"]) {
    for (const name of await readdir(join(ROOT, place), { recursive: true })) {
      if (!/(?<!_test)\.ts$/.test(name)) continue;
      const found = (await readPage(join(place, name))).matchAll(/\benv\("(FLOW_[A-Z_]+)"\)/g);
      read.push(...[...found].map(([, variable = ""]) => variable));
    }
  }
  assert.ok(read.length >= 10, String(read));
  for (const name of new Set(read)) assert.ok(stdout.includes(`\n.B ${name}\n`), name);
});

async function mandoc(args: string[], input: string): Promise<string> {
  const child = new Deno.Command("mandoc", { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, stderr } = await output;
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

function readPage(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}

/** Links to other files of the project, pictures too; what stands in code is none. */
function linksOf(markdown: string): { target: string; line: number }[] {
  return withoutCode(markdown).split("\n").flatMap((text, index) => {
    const inline = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g)].map(([, a, b]) => a ?? b ?? "");
    const defined = /^\[[^\]]+\]: (\S+)/.exec(text)?.[1];
    return [...inline, ...(defined === undefined ? [] : [defined])].map((target) => ({ target, line: index + 1 }));
  }).filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** Keeps the lines, so that their numbers stay right. */
function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, (block) => block.replaceAll(/[^\n]/g, "")).replaceAll(
    /`[^`\n]*`/g,
    "",
  );
}

/** As GitHub makes anchors of headings: a second one of the same name ends with -1. */
function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const text = markdown.replaceAll(/^```[^]*?^```$/gm, "");
  for (const [, heading = ""] of text.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const anchor = plain.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}
