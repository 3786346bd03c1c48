import assert from "node:assert/strict";
import { cleanLine, measureWidth, padTo, truncate } from "./text.ts";

Deno.test("cleanLine() removes everything that could move a cursor, and keeps the text", () => {
  const cases: [raw: string, clean: string][] = [
    ["plain", "plain"],
    ["\x1b[1;31mred\x1b[0m", "red"],
    ["\x1b]0;title\x07after", "after"],
    ["\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["\x1bPq#0\x1b\\after", "after"],
    ["\x9b2Jcleared", "cleared"],
    ["\x1b(Bset", "set"],
    ["unfinished \x1b[", "unfinished "],
    ["a\tb", "a    b"],
    ["10%\r55%\r100%\r", "100%"],
    ["two\nlines\r\n\nmore\n", "two lines more"],
    ["bell\x07 nul\x00 back\x08", "bell nul back"],
    ["abc\u202edef\u2028", "abcdef"],
  ];
  for (const [raw, clean] of cases) assert.equal(cleanLine(raw), clean, JSON.stringify(raw));
});

Deno.test("measureWidth() never counts less than a terminal needs", () => {
  const cases: [text: string, width: number][] = [["abc", 3], ["日本", 4], ["é", 1], ["e\u0301", 1], ["🎉", 2], [
    "한",
    2,
  ], ["ｱ", 1]];
  for (const [text, width] of cases) assert.equal(measureWidth(text), width, text);
  assert.ok(measureWidth("❤️") >= 2);
});

Deno.test("truncate() cuts by columns, not by characters", () => {
  assert.equal(truncate("hello", 5), "hello");
  assert.equal(truncate("hello", 4), "hel…");
  assert.equal(truncate("日本語", 5), "日本…");
  assert.equal(truncate("日本語", 4), "日…");
  assert.equal(truncate("hello", 0), "");
  assert.equal(padTo("日", 4), "日  ");
});
