import assert from "node:assert/strict";
import { formatAge, formatBytes } from "./quantities.ts";
import { formatTable } from "./table.ts";

Deno.test("formatTable() aligns by what a terminal shows, and ends lines with their text", () => {
  const rows = [
    [{ text: "日本" }, { text: "1", isRight: true }, { text: "first" }],
    [{ text: "a" }, { text: "200", isRight: true }, { text: "" }],
    [{ text: "\x1b[2Jname" }, { text: "" }, { text: "x" }],
  ];
  assert.equal(formatTable(rows), "日本    1  first\na     200\nname       x\n");
});

Deno.test("formatTable() paints the text of a cell, not the space around it", () => {
  const paint = (text: string) => `<${text}>`;
  assert.equal(
    formatTable([[{ text: "a", paint }, { text: "b" }], [{ text: "long" }, { text: "c" }]]),
    "<a>     b\nlong  c\n",
  );
});

Deno.test("formatAge() is as coarse as people say it", () => {
  const now = Date.parse("2026-01-31T12:00:00Z");
  const ages = [0, 30, 90, 7200, 47 * 3600, 49 * 3600, -10].map((seconds) =>
    formatAge(new Date(now - seconds * 1000).toISOString(), now)
  );
  assert.deepEqual(ages, ["just now", "30s ago", "1m ago", "2h ago", "47h ago", "2d ago", "just now"]);
});

Deno.test("formatBytes() uses the largest unit that fits", () => {
  assert.deepEqual([0, 1023, 1536, 5 * 1024 ** 3].map(formatBytes), ["0 bytes", "1023 bytes", "1.5 KiB", "5.0 GiB"]);
});
