import assert from "node:assert/strict";
import { formatDuration, parseDuration } from "./duration.ts";

Deno.test("parseDuration() reads units, and several of them", () => {
  const cases: [text: string, ms: number][] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["0.5s", 500],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration() refuses what is no positive time", () => {
  for (const text of ["", "soon", "5", "0.5", "0s", "-5s", "5 s", "5x", "1e3s", "NaN", "99999999999999999999d"]) {
    assert.throws(() => parseDuration(text), { code: "invalid_argument" }, text);
  }
});

Deno.test("formatDuration() is as exact as people want it", () => {
  const cases: [ms: number, text: string][] = [
    [0.4, "0ms"],
    [12.6, "13ms"],
    [1234, "1.2s"],
    [59_960, "1m 00s"],
    [125_000, "2m 05s"],
    [3_725_000, "1h 02m"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});
