import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { record, recordings } from "../release/recordings.ts";
import { TerminalScreen } from "../release/terminal_screen.ts";
import { ROOT } from "./support/shell.ts";

const { success: hasScript } = await new Deno.Command("sh", {
  args: ["-c", "command -v bash && script --version | grep util-linux"],
  stdout: "null",
  stderr: "null",
}).output();
if (!hasScript) console.warn("skipped: recordings: script of util-linux is not installed");

Deno.test("a recording shows the real program, step by step, in colors, and without what differs each time", {
  ignore: !hasScript,
}, async () => {
  const picture = await record({
    name: "test",
    title: "A <test>",
    rows: 20,
    columns: 80,
    commands: ["flow run examples/hello.yaml --set stdin=Ada", " echo", "flow executions"],
  });
  assert.match(picture, /<title>A &lt;test&gt;<\/title>/);
  assert.match(picture, /class="green">✓<\/tspan>/);
  assert.match(picture, /> flow executions<\/tspan>/);
  assert.doesNotMatch(picture, /> echo</);
  assert.match(picture, /@keyframes play\{/);
  const ids = new Set(picture.match(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{22}/g));
  assert.ok(ids.size <= 1, [...ids].join());
  // Frames are below each other, and only the last one has all lines.
  const lines = picture.match(/<text y/g) ?? [];
  assert.ok(lines.length > 10, picture);
});

Deno.test("every recording is there, is shown somewhere, has no scripts and loads nothing", async () => {
  const docs = (await readdir(join(ROOT, "docs"), { recursive: true })).filter((name) => name.endsWith(".md"));
  const pages = await Promise.all(
    ["README.md", ...docs.map((name) => `docs/${name}`)].map((page) => readFile(join(ROOT, page), "utf8")),
  );
  const there = await readdir(join(ROOT, "docs/assets"));
  assert.deepEqual(there.sort(), recordings.map(({ name }) => `${name}.svg`).sort());
  for (const { name, title } of recordings) {
    const picture = await readFile(join(ROOT, "docs/assets", `${name}.svg`), "utf8");
    assert.ok(picture.includes(`<title>${title}</title>`), `docs/assets/${name}.svg is stale: run "deno task record"`);
    assert.doesNotMatch(picture, /<script|<image|href=|url\(|@import|flow-recording-/);
    assert.ok(pages.some((page) => page.includes(`assets/${name}.svg)`)), name);
  }
});

Deno.test("TerminalScreen keeps colors, goes up, erases, and forgets what scrolls away", () => {
  const screen = new TerminalScreen(3, 10);
  screen.write("one\r\n\x1b[1mtwo\x1b[22m\r\n");
  screen.write("\x1b[2A\x1b[31mred\x1b[39m\x1b[K plain\r\n\x1b[J");
  assert.deepEqual(screen.picture().map((line) => line.map(({ column, text, style }) => [column, text, style.color])), [
    [[0, "red", "red"], [3, " plain", undefined]],
  ]);
  screen.write("a\r\nb\r\nc\r\nd");
  assert.deepEqual(screen.picture().map((line) => line.map(({ text }) => text).join("")), ["b", "c", "d"]);
});
