import assert from "node:assert/strict";
import { type Figure, medianOf, summarize } from "./figure.ts";

const figure: Figure = {
  name: "chain",
  unit: "ms",
  better: "lower",
  rounds: [120, 110, 130],
  floor: { name: "bare", rounds: [100, 105, 200] },
};

Deno.test("summarize() judges the best round against the best round of the floor", () => {
  const within = summarize({ ...figure, budget: { of: "ratio", limit: 1.1 } });
  assert.deepEqual(within.budget, { of: "ratio", limit: 1.1, is: 1.1, met: true });
  assert.equal(within.ratio?.median, 120 / 105);
  assert.equal(summarize({ ...figure, budget: { of: "difference", limit: 9 } }).budget?.met, false);
  assert.equal(summarize({ ...figure, better: "higher", budget: { of: "value", limit: 131 } }).budget?.met, false);
  assert.equal(summarize({ ...figure, better: "higher", budget: { of: "value", limit: 130 } }).budget?.met, true);
});

Deno.test("medianOf() takes the middle, or the mean of the two in the middle", () => {
  assert.equal(medianOf([3, 1, 2]), 2);
  assert.equal(medianOf([4, 1, 2, 3]), 2.5);
});
