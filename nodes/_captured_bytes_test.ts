import assert from "node:assert/strict";
import { CapturedBytes } from "./_captured_bytes.ts";

function capture(maxBytes: number, chunks: readonly string[]): CapturedBytes {
  const captured = new CapturedBytes(maxBytes);
  for (const chunk of chunks) captured.push(new TextEncoder().encode(chunk));
  return captured;
}

Deno.test("CapturedBytes keeps everything up to its limit", () => {
  const captured = capture(10, ["01234", "5678", "9"]);
  assert.equal(captured.text(), "0123456789");
  assert.equal(captured.lost, 0);
  assert.equal(capture(10, []).text(), "");
});

Deno.test("CapturedBytes keeps the beginning and the end of more, and says how much is missing", () => {
  const captured = capture(10, ["0123456789", "a"]);
  assert.equal(captured.text(), "01234\n[... 1 bytes truncated ...]\n6789a");
  assert.equal(captured.total, 11);
});

Deno.test("CapturedBytes gives the same for any way of cutting the same bytes", () => {
  const text = Array.from({ length: 300_000 }, (_, index) => String.fromCharCode(97 + (index * 7) % 26)).join("");
  const whole = capture(200_001, [text]).text();
  for (const size of [1, 1000, 65_536, 70_001]) {
    const chunks = Array.from(
      { length: Math.ceil(text.length / size) },
      (_, n) => text.slice(n * size, (n + 1) * size),
    );
    assert.equal(capture(200_001, chunks).text(), whole);
  }
  assert.equal(whole, `${text.slice(0, 100_001)}\n[... 99999 bytes truncated ...]\n${text.slice(-100_000)}`);
});

Deno.test("CapturedBytes does not cut a character in two", () => {
  assert.equal(capture(10, ["€".repeat(10)]).text(), "€\n[... 20 bytes truncated ...]\n€");
});
