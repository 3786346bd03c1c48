import assert from "node:assert/strict";
import { FrameReader } from "./frame_reader.ts";

function frame(stream: number, text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [
    stream,
    0,
    0,
    0,
    bytes.length >> 24,
    bytes.length >> 16 & 255,
    bytes.length >> 8 & 255,
    bytes.length & 255,
    ...bytes,
  ];
}

/** What arrives on each stream if the bytes come in pieces of `size`. */
function readIn(bytes: readonly number[], size: number): Record<string, string> {
  const parts: Record<string, number[]> = {};
  const reader = new FrameReader((stream, chunk) => (parts[stream] ??= []).push(...chunk));
  for (let at = 0; at < bytes.length; at += size) reader.push(Uint8Array.from(bytes.slice(at, at + size)));
  return Object.fromEntries(
    Object.entries(parts).map(([name, all]) => [name, new TextDecoder().decode(Uint8Array.from(all))]),
  );
}

Deno.test("FrameReader tells the streams apart, wherever frames and chunks end", () => {
  const long = "ä€😀".repeat(10_000);
  const bytes = [
    ...frame(1, "out "),
    ...frame(2, "err"),
    ...frame(1, ""),
    ...frame(0, "echo"),
    ...frame(1, long),
    ...frame(3, "!"),
  ];
  for (const size of [1, 2, 7, 8, 9, 16 * 1024, bytes.length]) {
    assert.deepEqual(readIn(bytes, size), { stdout: `out ${long}`, stderr: "err", system: "!" }, `pieces of ${size}`);
  }
});

Deno.test("FrameReader refuses what is no frame", () => {
  for (const bytes of [[9, 0, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], [...new TextEncoder().encode("HTTP/1.1")]]) {
    assert.throws(() => readIn(bytes, 8), { code: "unavailable" });
  }
});
