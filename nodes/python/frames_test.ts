import assert from "node:assert/strict";
import { encodeFrame, FrameSplitter } from "./frames.ts";

Deno.test("FrameSplitter finds the messages however the bytes are cut", () => {
  const bytes = new Uint8Array([...encodeFrame('{"text":"grün"}'), ...encodeFrame("[1,2]")]);
  for (const size of [1, 3, 7, bytes.length]) {
    const messages: unknown[] = [];
    const splitter = new FrameSplitter((message) => messages.push(message));
    for (let from = 0; from < bytes.length; from += size) splitter.push(bytes.subarray(from, from + size));
    assert.deepEqual(messages, [{ text: "grün" }, [1, 2]]);
  }
});

Deno.test("FrameSplitter refuses what no worker writes", () => {
  const text = new TextEncoder().encode("Hello from a program that is no worker\n");
  assert.throws(() => new FrameSplitter(() => {}).push(text), { code: "internal" });
});
