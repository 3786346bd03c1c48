import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { attemptId, createId, nameToId, sha1 } from "./id.ts";

Deno.test("sha1() agrees with the reference on every length around a block", () => {
  for (let length = 0; length < 200; length++) {
    const message = Uint8Array.from({ length }, (_, i) => i * 7);
    assert.deepEqual([...sha1(message)], [...createHash("sha1").update(message).digest()]);
  }
});

Deno.test("createId() makes version 7 UUIDs that sort by time", () => {
  const early = createId(1_700_000_000_000);
  const late = createId(1_700_000_000_001);
  assert.match(early, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(early < late);
  assert.equal(parseInt(early.replaceAll("-", "").slice(0, 12), 16), 1_700_000_000_000);
});

Deno.test("attemptId() is stable and tells apart nodes, indexes and attempts", () => {
  const id = attemptId("e", "n", 0, 1);
  assert.equal(id, attemptId("e", "n", 0, 1));
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/);
  const others = [attemptId("e", "n", 0, 2), attemptId("e", "n", 1, 1), attemptId("e", "m", 0, 1), nameToId("e")];
  assert.equal(new Set([id, ...others]).size, 5);
});
