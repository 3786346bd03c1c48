import assert from "node:assert/strict";
import { Counter, Gauge, Histogram } from "./metric.ts";

Deno.test("a histogram counts a value in its bucket and in all larger ones; a bound belongs to its bucket", () => {
  const histogram = new Histogram({ name: "h", help: "Help" }, [1, 2.5], ["kind"]);
  for (const value of [0.5, 1, 2, 100]) histogram.observe(value, ["a"]);
  assert.deepEqual(histogram.render().split("\n"), [
    "# HELP h Help",
    "# TYPE h histogram",
    'h_bucket{kind="a",le="1"} 2',
    'h_bucket{kind="a",le="2.5"} 3',
    'h_bucket{kind="a",le="+Inf"} 4',
    'h_sum{kind="a"} 103.5',
    'h_count{kind="a"} 4',
    "",
  ]);
});

Deno.test("labels are escaped, and metrics without labels show from the beginning", () => {
  const counter = new Counter({ name: "c", help: "Help" }, ["path"]);
  counter.add(['a"b\\c\nd']);
  assert.match(counter.render(), /^c\{path="a\\"b\\\\c\\nd"\} 1$/m);
  assert.match(new Counter({ name: "n", help: "Help" }).render(), /^n 0$/m);
  assert.match(new Gauge({ name: "g", help: "Help" }, () => 7).render(), /^g 7$/m);
});
