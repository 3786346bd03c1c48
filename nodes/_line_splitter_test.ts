import assert from "node:assert/strict";
import { LineSplitter } from "./_line_splitter.ts";

function split(...chunks: (string | number[])[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) {
    splitter.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : Uint8Array.from(chunk));
  }
  splitter.end();
  return lines;
}

Deno.test("LineSplitter joins what comes in pieces, and ends with a line that has no end", () => {
  assert.deepEqual(split("on", "e\ntw", "o\n\nthr", "ee"), ["one", "two", "", "three"]);
  assert.deepEqual(split("one\n"), ["one"]);
  assert.deepEqual(split(), []);
});

Deno.test("LineSplitter takes CRLF for one line end, also when it comes in two pieces", () => {
  assert.deepEqual(split("a\r\nb\r", "\nc\r\n\r\nd"), ["a", "b", "c", "", "d"]);
  assert.deepEqual(split("\r", "\n", "a"), ["", "a"]);
});

Deno.test("LineSplitter shows each state of a progress bar", () => {
  assert.deepEqual(split("10%\r", "20%\r30%\n"), ["10%", "20%", "30%"]);
  assert.deepEqual(split("\r10%\r20%\ndone"), ["10%", "20%", "done"]);
});

Deno.test("LineSplitter decodes characters that are split over chunks, and replaces what is not UTF-8", () => {
  const bytes = [...new TextEncoder().encode("a€😀\n")];
  assert.deepEqual(split(...bytes.map((byte) => [byte])), ["a€😀"]);
  assert.deepEqual(split([0x61, 0xff], [0x62, 0xe2], [0x82], [0x0a]), ["a\ufffdb\ufffd"]);
  assert.deepEqual(split([0xe2, 0x82]), ["\ufffd"]);
});

Deno.test("LineSplitter keeps a line of 1 MiB whole and cuts a longer one, without keeping the rest", () => {
  const mib = "x".repeat(1024 * 1024);
  assert.deepEqual(split(mib, "\n", "next"), [mib, "next"]);
  assert.deepEqual(split(mib, "x", mib, "\nnext"), [`${mib}… [line truncated]`, "next"]);
});
